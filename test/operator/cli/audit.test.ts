// drover audit: a chain that is whole, and every way in which a file can lie about it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AuditRecord } from '../../../broker/core/records.ts'
import { detailsOf } from '../../../operator/cli/audit-details.ts'
import { chained, firstAuditHash } from '../../../proto/audit.ts'
import { tokens } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover } from './run.ts'

const records = chain(9)
const add = (path: string, value: unknown) => ({ op: 'add', path, value })
const longReason = 'thirty-nine characters and then no more of it'
const head = records.at(-1) ?? { number: 0, hash: firstAuditHash }

function chain(count: number): AuditRecord[] {
  const made: AuditRecord[] = []
  for (let number = 1; number <= count; number += 1) {
    const last = made.at(-1) ?? { number: 0, hash: firstAuditHash }
    const actor = { kind: 'principal' as const, name: 'kim' }
    const entry = {
      at: 1_900_000_000_000 + number,
      actor,
      action: 'operation-pause',
      subject: operation,
      changes: [],
      data: {},
    }
    made.push(chained(entry, last) as unknown as AuditRecord)
  }
  return made
}
async function* each(from: number): AsyncGenerator<AuditRecord> {
  for (const record of records) if (record.number >= from) yield record
}
const view = ({ number, previous, hash }: AuditRecord) => ({
  number,
  at: '2030-01-02T03:04:05Z',
  actor: 'kim',
  action: 'operation-pause',
  subject: operation,
  operation,
  requestId: null,
  changes: [],
  data: {},
  previous,
  hash,
})

t.test('an export is verified without the broker; each lie names its record', async t => {
  const door = await openDoor(t)
  door.useCases.answers.set('auditHead', { number: head.number, hash: head.hash })
  door.useCases.answers.set('exportAudit', ({ from = 1 }: { from?: number }) => each(from))
  const folder = t.testdir()
  const path = (name: string): string => join(folder, name)
  t.match(await drover(['audit', 'export', '-o', path('whole')], at(door)), { code: 0, stdout: /whole/ })
  const lines = readFileSync(path('whole'), 'utf8').split('\n')
  t.equal(lines.length, 11, 'nine records, the head, the end')
  const shown = await drover(['audit', 'export'], at(door))
  t.equal(shown.stdout, lines.join('\n'), 'the same on standard output')
  t.match(await drover(['audit', 'export', '--from', '4', '--out', path('part')], at(door)), { code: 0 })

  const verify = (name: string, ...more: readonly string[]) => drover(['audit', 'verify', path(name), ...more])
  const good = await verify('whole')
  t.match(good, { code: 0, stdout: new RegExp(`records 1 to 9\\n.*9:${head.hash}`, 's'), stderr: /--live or a --head/ })
  t.match(await verify('part', '--json'), { code: 0, lines: [{ intact: true, first: 4, last: 9, hash: head.hash }] })
  t.match(await verify('whole', '--head', head.hash), { code: 0, stderr: '' })
  t.match(await verify('whole', '--head', `9:${head.hash}`), { code: 0 })
  t.match(await verify('whole', '--head', firstAuditHash), { code: 1, stdout: /Broken at record 9/ })
  t.match(await verify('whole', '--head', `8:${head.hash}`), { code: 1 })

  const tampered: readonly (readonly [string, number, (text: string[]) => string[]])[] = [
    ['changed', 5, all => all.map((line, index) => (index === 4 ? line.replace('kim', 'eve') : line))],
    ['deleted', 5, all => all.toSpliced(4, 1)],
    ['inserted', 5, all => all.toSpliced(4, 0, all[1] ?? '')],
    ['swapped', 5, all => all.toSpliced(4, 2, all[5] ?? '', all[4] ?? '')],
    ['cut', 6, all => [...all.slice(0, 5), '']],
    ['torn', 10, all => [all.join('\n').slice(0, -20)]],
    ['empty', 1, () => []],
  ]
  for (const [name, record, change] of tampered) {
    writeFileSync(path(name), change(lines).join('\n'))
    const { code, stdout } = await verify(name)
    t.equal(code, 1, name)
    t.match(stdout, new RegExp(`Broken at record ${record} `), name)
    t.match(
      await verify(name, '--json'),
      { code: 1, lines: [{ object: 'audit-verdict', intact: false, record }] },
      name,
    )
  }
  for (const [args, flag] of [
    [[path('absent')], '<file>'],
    [[folder], '<file>'],
    [[path('whole'), '--head', 'x'], '--head'],
    [[path('whole'), '--head', head.hash, '--live'], '--head'],
  ] as const) {
    const { code, stderr } = await drover(['audit', 'verify', ...args, '--json'], at(door))
    t.equal(code, 2, stderr)
    t.match(JSON.parse(stderr), { fields: [{ name: flag }] })
  }
})

t.test('--live compares with the chain of the broker, which may have grown since', async t => {
  const door = await openDoor(t)
  const { answers, calls } = door.useCases
  const file = join(t.testdir(), 'audit')
  const laid = (number: number, hash: string) => answers.set('auditHead', { number, hash })
  laid(9, head.hash)
  answers.set('exportAudit', () => each(1))
  await drover(['audit', 'export', '--out', file], at(door))
  const live = () => drover(['audit', 'verify', file, '--live', '--json'], at(door))
  t.match(await live(), { code: 0, lines: [{ intact: true, last: 9 }] })
  laid(12, firstAuditHash)
  answers.set('listAudit', { object: 'list', data: [view(head as AuditRecord)], limit: 1, after: null, has_more: true })
  t.match(await live(), { code: 0, lines: [{ intact: true, newer: 3 }] })
  t.match(calls.at(-1), { name: 'listAudit', args: ['the-admin', { after: '8', limit: 1, order: 'ASC' }] })
  const forged = { ...view(head as AuditRecord), hash: firstAuditHash }
  answers.set('listAudit', { object: 'list', data: [forged], limit: 1, after: null, has_more: true })
  t.match(await live(), { code: 1, lines: [{ intact: false, problem: 'other-head', record: 9 }] })
  laid(9, firstAuditHash)
  t.match(await live(), { code: 1, lines: [{ record: 9 }] })
  laid(4, records[3]?.hash ?? '')
  t.match(await live(), { code: 1, lines: [{ record: 5 }] }, 'a broker that has lost records')
  const viewer = await drover(['audit', 'list', '--operation', operation], at(door, tokens.viewer))
  t.match(viewer, { code: 0, stdout: /9 +2030-01-02 03:04:05Z +kim +operation-pause/ })
})

t.test('a row says what was changed, or what was recorded with an action that changes nothing by itself', async t => {
  const rows: readonly (readonly [string, { readonly changes?: readonly unknown[]; readonly data?: unknown }])[] = [
    ['', {}],
    ['group=hall, attributes.site/a=', { changes: [add('/group', 'hall'), add('/attributes/site~1a', '')] }],
    ['-quarantinedAt', { changes: [{ op: 'remove', path: '/quarantinedAt' }], data: { reason: 'not shown' } }],
    ['a=1, b=2, c=3, 2 more', { changes: ['a', 'b', 'c', 'd', 'e'].map((name, index) => add(`/${name}`, index + 1)) }],
    ['name=Hall 2, targets={"all":true}', { data: { name: 'Hall 2', targets: { all: true }, none: null } }],
    [
      'devices=2, reason=thirty-nine characters and then no more…',
      { data: { devices: ['a', 'b'], reason: longReason } },
    ],
    ['something', { changes: ['no patch'] }],
  ]
  for (const [details, told] of rows) t.equal(detailsOf({ changes: [], data: {}, ...told } as never), details)
})
