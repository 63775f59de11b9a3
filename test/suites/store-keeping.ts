// What every Store must do with what the engine remembers beside its records: answers, the clock, backups, webhooks and
// notices, and with what is deleted; part of the suite in store.ts.
import type { Test } from 'tap'
import type { EventRecord, Notice } from '../../broker/core/records.ts'
import type { EventId, PrincipalName } from '../../proto/ids.ts'
import { everyPage, livesOf, readAll, type StoreUnderTest } from './store-pages.ts'
import {
  answerOf,
  append,
  credentialOf,
  device,
  deviceLogOf,
  eventOf,
  executionOf,
  noticeOf,
  operation,
  principalOf,
  putBackup,
  putDevice,
  putExecution,
  webhookOf,
} from './store-samples.ts'

const someone = 'someone' as PrincipalName
const someoneElse = 'someone-else' as PrincipalName

export function storeKeepingSuite(t: Test, { open, reopen }: StoreUnderTest): void {
  const eachLife = livesOf(reopen)

  t.test('the journals of a device move apart from its record, and the last word about them counts', async t => {
    const store = await open()
    const [a, b, c] = [device('a'), device('b'), device('c')]
    const at = (floor: number) => [{ journalId: 'j', floor, above: [floor + 2] }]
    const moved = (id: typeof a, floor: number) => ({ kind: 'put-journals', device: id, journals: at(floor) }) as const
    const whole = (id: typeof a, floor: number, bootId = '1') => putDevice(id, { bootId, journals: at(floor) })
    const floors = async () => {
      const { items } = await store.devices({ limit: 10 })
      t.strictSame(await Promise.all(items.map(({ id }) => store.device(id))), items, 'a page and a look say the same')
      return items.map(({ id, bootId, journals }) => [id, bootId, journals[0]?.floor])
    }
    await store.commit([whole(a, 1), whole(b, 1), whole(c, 1)])
    await store.commit([moved(b, 2)])
    t.strictSame(await floors(), [
      [a, '1', 1],
      [b, '1', 2],
      [c, '1', 1],
    ])
    t.strictSame((await store.device(b))?.journals, at(2))
    t.strictSame((await store.devices({ after: b, limit: 1 })).items, [whole(c, 1).device])
    await store.commit([whole(b, 3, '2')])
    t.strictSame((await floors())[1], [b, '2', 3], 'a record written later has its own')
    // In one write of a store that gathers them.
    const together = [
      [moved(b, 4)],
      [whole(b, 5, '3')],
      [whole(c, 4), moved(c, 5)],
      [moved(c, 6), whole(c, 7), whole(a, 7), moved(a, 8)],
    ]
    await Promise.all(together.map(changes => store.commit(changes)))
    await eachLife(store, async again => {
      t.match(await again.device(b), { bootId: '3', journals: at(5) })
      t.match(await again.device(c), { journals: at(7) })
      t.match(await again.device(a), { journals: at(8) })
    })
  })

  t.test('a device that is gone takes the journals with it', async t => {
    const store = await open()
    const [a, journals] = [device('a'), [{ journalId: 'j', floor: 9, above: [] }]]
    await store.commit([putDevice(a), { kind: 'put-journals', device: a, journals }])
    await store.commit([{ kind: 'delete-device', device: a }])
    t.equal(await store.device(a), undefined)
    await store.commit([putDevice(a, { journals: [] })])
    t.strictSame((await store.device(a))?.journals, [])
    await store.commit([{ kind: 'put-journals', device: device('nobody'), journals }])
    t.equal(await store.device(device('nobody')), undefined, 'of nobody there is nothing to keep')
    t.strictSame((await store.devices({ limit: 9 })).items.length, 1)
    await store.close()
  })

  t.test('an answer is found by principal and request id, whatever the id is made of', async t => {
    const store = await open()
    const ids = ['1', 'a!b', '!', '"', 'ä\u0000', '\ud800', '\udbff', 'x'.repeat(5000), '', 'constructor']
    const answers = ids.flatMap((id, index) => [
      answerOf(id, 100 + index, { answer: { of: index } }),
      answerOf(id, 200 + index, { principal: someoneElse, answer: null }),
    ])
    await store.commit(answers.map(answer => ({ kind: 'put-answer', answer })))
    await eachLife(store, async (store, life) => {
      for (const answer of answers) {
        t.strictSame(await store.answer(answer.principal, answer.requestId), answer, life)
      }
      t.equal(await store.answer(someone, 'b'), undefined)
      t.equal(await store.answer('nobody' as PrincipalName, '1'), undefined)
    })
  })

  t.test('old answers are forgotten, the oldest first, and one given again counts from then', async t => {
    const store = await open()
    const ids = ['a', 'b', 'c', 'd', 'e'] as const
    await store.commit(ids.map((id, index) => ({ kind: 'put-answer', answer: answerOf(id, index) })))
    await store.commit([{ kind: 'put-answer', answer: answerOf('a', 50, { answer: 'again' }) }])
    t.equal(await store.trimAnswers(0, 10), 0, 'nothing is older')
    t.equal(await store.trimAnswers(4, 2), 2)
    const present = async (of: typeof store) =>
      (await Promise.all(ids.map(async id => ((await of.answer(someone, id)) === undefined ? [] : [id])))).flat()
    t.strictSame(await present(store), ['a', 'd', 'e'])
    t.equal(await store.trimAnswers(4, 10), 1, 'what is as old as the moment stays')
    await eachLife(store, async (store, life) => {
      t.strictSame(await present(store), ['a', 'e'], life)
      t.match(await store.answer(someone, 'a'), { answer: 'again', at: 50 })
    })
  })

  t.test('an answer given anew while the old ones are forgotten stays', async t => {
    const store = await open()
    const put = (at: number) => store.commit([{ kind: 'put-answer', answer: answerOf('a', at) }])
    await put(1)
    await Promise.all([store.trimAnswers(10, 5), put(50)])
    t.equal((await store.answer(someone, 'a'))?.at, 50)
    await Promise.all([put(60), store.trimAnswers(55, 5)])
    t.equal((await store.answer(someone, 'a'))?.at, 60)
    for (const rowsMax of [0, 1.5, 10_001]) await t.rejects(store.trimAnswers(1, rowsMax), RangeError)
    await store.close()
  })

  t.test('the saved clock is the one saved last', async t => {
    const store = await open()
    t.equal(await store.savedClock(), undefined)
    await store.commit([
      { kind: 'put-clock', at: 5 },
      { kind: 'put-clock', at: 1_700_000_000_123 },
    ])
    await eachLife(store, async store => t.equal(await store.savedClock(), 1_700_000_000_123))
  })

  t.test('a backup is found by its device, its content by its SHA-256, shared by those that are equal', async t => {
    const store = await open()
    const ids = ['a', 'a.1', 'b', 'c'].map(device)
    const [of, other] = [operation(1), operation(2)]
    const puts = ids.map((id, index) => putBackup(of, id, index < 2 ? 'same' : `text \u0000 ${id}`))
    await store.commit(puts)
    const last = putBackup(of, device('b'), '')
    await store.commit([last, putBackup(other, device('a'), 'of another')])
    puts[2] = last
    await eachLife(store, async (store, life) => {
      const backups = puts.map(each => each.backup)
      for (const put of puts) {
        t.strictSame(await store.backup(of, put.backup.device), put.backup, life)
        const content = await store.backupContent(put.backup.sha256)
        t.strictSame(content, put.kind === 'put-backup' ? put.content : undefined, `content ${life}`)
      }
      t.equal(backups[0]?.sha256, backups[1]?.sha256)
      t.equal(await store.backup(of, device('nobody')), undefined)
      t.equal(await store.backupContent('00'), undefined)
      await everyPage(
        t,
        ids,
        (after, limit) => store.backups(of, { ...(after && { after }), limit }),
        backup => backup.device,
      )
    })
  })

  t.test('a content that is not what its backup says is refused', async t => {
    const store = await open()
    const put = putBackup(operation(1), device('a'), 'one')
    const wrong = { ...put, content: new Uint8Array([1]) }
    await t.rejects(store.commit([putDevice(device('a')), wrong]), RangeError)
    t.equal(await store.device(device('a')), undefined)
    await store.close()
  })

  t.test('the bytes of a backup are nobody else’s', async t => {
    const store = await open()
    const put = putBackup(operation(1), device('a'), 'one')
    const content = put.kind === 'put-backup' ? put.content : new Uint8Array()
    const writing = store.commit([put])
    content[0] = 0
    await writing
    const read = await store.backupContent(put.backup.sha256)
    t.strictSame(read, new Uint8Array(Buffer.from('one')))
    if (read !== undefined) read[0] = 0
    t.strictSame(await store.backupContent(put.backup.sha256), new Uint8Array(Buffer.from('one')))
    await store.close()
  })

  t.test('the log of a device is found by operation and event, its lines beside it', async t => {
    const store = await open()
    const [of, other] = [operation(1), operation(2)]
    const events = await store.commit(
      [of, of, other, of].map(each => append(eventOf(device('a'), { operation: each, type: 'FAIL' }))),
    )
    const logs = events.map((event, index) => deviceLogOf(event, index + 1))
    const content = (index: number): Uint8Array => new Uint8Array([0, 255, index])
    await store.commit(logs.map((log, index) => ({ kind: 'put-device-log', log, content: content(index) })))
    await eachLife(store, async (store, life) => {
      for (const [index, log] of logs.entries()) {
        t.strictSame(await store.deviceLog(log.operation, log.event), log, life)
        t.strictSame(await store.deviceLogContent(log.operation, log.event), content(index), life)
      }
      t.equal(await store.deviceLog(other, logs[0]?.event ?? ('' as EventId)), undefined, 'of another operation')
      t.equal(await store.deviceLogContent(other, logs[0]?.event ?? ('' as EventId)), undefined)
      await everyPage(
        t,
        [0, 1, 3].map(index => logs[index]?.event ?? ('' as EventId)),
        (after, limit) => store.deviceLogs(of, { ...(after && { after }), limit }),
        log => log.event,
      )
    })
  })

  t.test('the log of a device is forgotten with its event, and no other', async t => {
    const store = await open()
    const of = operation(1)
    const failed = (at: number) => append(eventOf(device('a'), { operation: of, type: 'FAIL', recordedAt: at }))
    const events = await store.commit([
      failed(1),
      append(eventOf(device('b'), { recordedAt: 2 })),
      failed(3),
      failed(4),
    ])
    const logs = [0, 2, 3].map(index => deviceLogOf(events[index] as EventRecord, index + 1))
    await store.commit(logs.map(log => ({ kind: 'put-device-log', log, content: new Uint8Array([1]) })))
    t.equal(await store.trimEvents(4, 10), 3)
    await eachLife(store, async (store, life) => {
      t.strictSame((await store.deviceLogs(of, { limit: 9 })).items, logs.slice(2), life)
      for (const [index, log] of logs.entries())
        t.strictSame(
          await store.deviceLogContent(of, log.event),
          index === 2 ? new Uint8Array([1]) : undefined,
          `lines ${index} ${life}`,
        )
    })
  })

  t.test('webhooks are kept until they are deleted', async t => {
    const store = await open()
    const ids = ['00', 'ff', '7a'].map(pair => pair.repeat(8))
    await store.commit(ids.map(id => ({ kind: 'put-webhook', webhook: webhookOf(id) })))
    const changed = { ...webhookOf(ids[1] ?? ''), url: 'https://other.example/' }
    await store.commit([
      { kind: 'put-webhook', webhook: changed },
      { kind: 'delete-webhook', id: ids[0] ?? '' },
      { kind: 'delete-webhook', id: 'never there' },
    ])
    await eachLife(store, async store => t.strictSame(await store.webhooks(), [webhookOf(ids[2] ?? ''), changed]))
  })

  t.test('notices are numbered, no number is given twice, and they are replaced and deleted by it', async t => {
    let store = await open()
    const add = (webhook: string) => ({ kind: 'append-notice' as const, notice: noticeOf(webhook) })
    await store.commit([add('a'), add('b')])
    await Promise.all([store.commit([add('c')]), store.commit([add('d')])])
    const page = async (after?: number, limit = 10) => store.notices({ ...(after !== undefined && { after }), limit })
    const all = (await page()).items
    t.strictSame(
      all.map(notice => [notice.number, notice.webhook]),
      [
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
        [4, 'd'],
      ],
    )
    t.strictSame(all[0], { ...noticeOf('a'), number: 1 })
    const tried: Notice = { ...(all[1] as Notice), attempt: 1, dueAt: 99 }
    await store.commit([
      { kind: 'put-notice', notice: tried },
      { kind: 'delete-notice', number: 4 },
      { kind: 'delete-notice', number: 40 },
    ])
    store = (await reopen?.(store)) ?? store
    await store.commit([add('e')])
    await eachLife(store, async (store, life) => {
      const notices = (await store.notices({ limit: 10 })).items
      t.strictSame(
        notices.map(notice => notice.number),
        [1, 2, 3, 5],
        life,
      )
      t.strictSame(notices[1], tried, life)
      t.match(await store.notices({ after: 1, limit: 2 }), { items: [{ number: 2 }, { number: 3 }], hasMore: true })
      t.match(await store.notices({ after: 3, limit: 2 }), { items: [{ number: 5 }], hasMore: false })
    })
  })

  t.test('a deleted device leaves registry and credentials; its events and executions stay', async t => {
    const store = await open()
    const [a, b] = [device('a'), device('a.1')]
    await store.commit([
      ...[a, b].flatMap(id => [putDevice(id), { kind: 'put-credential' as const, credential: credentialOf(id) }]),
      append(eventOf(a)),
      putExecution(executionOf(operation(1), a, 'pending')),
    ])
    await store.commit([
      { kind: 'delete-device', device: a },
      { kind: 'delete-device', device: device('nobody') },
    ])
    await eachLife(store, async (store, life) => {
      t.equal(await store.device(a), undefined, life)
      t.equal(await store.credential(a), undefined, life)
      t.ok(await store.device(b))
      t.ok(await store.credential(b))
      t.strictSame(
        (await store.devices({ limit: 9 })).items.map(each => each.id),
        [b],
      )
      t.equal((await readAll(store, { device: a, order: 'ASC', limit: 9 })).length, 1)
      t.ok(await store.execution(operation(1), a))
    })
  })

  t.test('a device that was deleted can come back, also within one commit', async t => {
    const store = await open()
    const a = device('a')
    await store.commit([putDevice(a, { bootId: '1' })])
    await store.commit([{ kind: 'delete-device', device: a }, putDevice(a, { bootId: '2' })])
    t.equal((await store.device(a))?.bootId, '2')
    await store.commit([{ kind: 'delete-device', device: a }])
    await store.commit([putDevice(a, { bootId: '3' })])
    await eachLife(store, async store => t.equal((await store.device(a))?.bootId, '3'))
  })

  t.test('a deleted principal is gone with every token he had, also those written together', async t => {
    const store = await open()
    const tokens = ['aa', 'bb', 'cc', 'dd'].map(pair => pair.repeat(32))
    const put = (name: string, token = '') => ({ kind: 'put-principal' as const, principal: principalOf(name, token) })
    await Promise.all([
      store.commit([put('zoe', tokens[0]), put('adam', tokens[3])]),
      store.commit([put('zoe', tokens[1]), put('zoe', tokens[2])]),
    ])
    t.ok(await store.principalByToken(tokens[2] ?? ''))
    for (const token of tokens.slice(0, 2)) t.equal(await store.principalByToken(token), undefined, 'replaced')
    await store.commit([
      { kind: 'delete-principal', name: 'zoe' as PrincipalName },
      { kind: 'delete-principal', name: 'nobody' as PrincipalName },
    ])
    await eachLife(store, async (store, life) => {
      t.equal(await store.principal('zoe' as PrincipalName), undefined, life)
      for (const token of tokens.slice(0, 3)) t.equal(await store.principalByToken(token), undefined, life)
      t.ok(await store.principalByToken(tokens[3] ?? ''), life)
      t.equal((await store.principals()).length, 1)
    })
  })
}
