// drover operation watch and drover events follow, by the broker's stream.
import t from 'tap'
import type { EventRecord } from '../../../broker/core/records.ts'
import type { LiveMessage } from '../../../broker/use-cases/use-cases.ts'
import { type EventId, eventIdOf } from '../../../proto/ids.ts'
import { operationView } from '../fake-use-cases.ts'
import { type OpenDoor, openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill, spawned, start } from './run.ts'

const record = (number: number): EventRecord =>
  ({
    id: eventIdOf(number) as EventId,
    recordedAt: Date.parse('2030-01-02T03:04:05Z'),
    device: 'sensor-1',
    code: 'SYS_106',
    type: 'INFO',
    category: 'INFO',
    stateChange: true,
    changes: {},
    data: {},
  }) as unknown as EventRecord

/** Streams what is pushed, until the reader goes. */
function liveDoor(door: OpenDoor) {
  const requests: object[] = []
  const waiting: LiveMessage[] = []
  let wake = (): void => undefined
  door.useCases.answers.set('watch', (request: object, signal: AbortSignal) => {
    requests.push(request)
    return (async function* () {
      for (;;) {
        const next = waiting.shift()
        if (next !== undefined) yield next
        else if (signal.aborted) return
        else
          await new Promise<void>(resolve => {
            wake = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
      }
    })()
  })
  const push = (...messages: LiveMessage[]): void => {
    waiting.push(...messages)
    wake()
  }
  return { requests, push }
}
/** Resolves when the child has said it; throws when it ended without. */
async function seen(heard: () => string, text: string, ended: Promise<unknown>): Promise<void> {
  let over = false
  void ended.then(() => {
    over = true
  })
  while (!heard().includes(text)) {
    if (over) throw new Error(`ended without ${text}: ${heard()}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
const state = (wishes: object): LiveMessage => ({ kind: 'operation', operation: operationView(operation, wishes) })

t.test('watch shows changes as the stream brings them, and asks no more often than it must', async t => {
  const door = await openDoor(t)
  fill(door)
  const { requests, push } = liveDoor(door)
  const { ended, heard } = start(['operation', 'watch', operation], at(door))
  await seen(heard, 'Processing', ended)
  const other = operationView('op'.padEnd(26, '9'), { state: 'completed', updated: 99 })
  push({ kind: 'operation', operation: other })
  // Time to take it for this one.
  await new Promise(resolve => setTimeout(resolve, 300))
  push(state({ updated: 1 }))
  await seen(heard, '1 updated', ended)
  push(state({ state: 'completed', updateStatus: 'Completed', updated: 2 }))
  const { code, stdout } = await ended
  t.equal(code, 0)
  t.match(stdout, /Completed: 2 updated/)
  t.notMatch(stdout, /99/, 'another operation is not this one')
  t.same(requests, [{ operation }])
  const asked = door.useCases.calls.filter(({ name }) => name === 'showOperation').length
  t.equal(asked, 2, 'at the beginning, and when the stream had begun')
})

t.test('what happened before the stream began is not missed', async t => {
  const door = await openDoor(t)
  fill(door)
  liveDoor(door)
  door.useCases.script.push(operationView(operation), operationView(operation, { state: 'completed', updated: 2 }))
  t.match(await drover(['operation', 'watch', operation], at(door)), { code: 0 })
})

/** Streams these, then nothing until the reader goes. */
function streams(door: OpenDoor, ...messages: readonly LiveMessage[]): object[] {
  const requests: object[] = []
  door.useCases.answers.set('watch', (request: object, signal: AbortSignal) => {
    requests.push(request)
    return (async function* () {
      yield* messages
      if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
    })()
  })
  return requests
}

t.test('events follow shows events as they are logged, and ends when told', async t => {
  const door = await openDoor(t)
  const event = (number: number): LiveMessage => ({ kind: 'event', record: record(number) })
  const requests = streams(door, state({}), event(1), event(2), event(3))
  const args = ['events', 'follow', '--operation', operation, '--device', 'sensor-1', '--after', eventIdOf(9)]
  const some = await drover([...args, '--limit', '2', '--json'], at(door))
  t.match(some, { code: 0, stderr: '', lines: [{ id: eventIdOf(1), event_type: 'SYS_106' }, { id: eventIdOf(2) }] })
  t.equal(some.lines.length, 2)
  t.same(requests, [{ operation, device: 'sensor-1', lastEventId: eventIdOf(9) }])
  const people = await drover(['events', 'follow', '--limit', '1'], at(door))
  t.match(people.stdout, /^2030-01-02 03:04:05Z {2}sensor-1 {2}SYS_106 {2}INFO {2}/)
  const { child, ended, heard } = start(['events', 'follow'], at(door))
  await seen(heard, 'SYS_106', ended)
  child.kill('SIGINT')
  t.match(await ended, { code: 130 })
  t.match(await spawned(['events', 'follow', '--after', 'x']), { code: 2, stderr: /--after/ })
})
