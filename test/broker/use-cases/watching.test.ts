// What a live stream tells to whom, and that a reader who only asks how much has happened costs next to nothing.
import t from 'tap'
import type { EventRecord } from '../../../broker/core/records.ts'
import { Activity } from '../../../broker/use-cases/activity.ts'
import type { LiveMessage, WatchRequest } from '../../../broker/use-cases/use-cases.ts'
import { eventIdOf } from '../../../proto/ids.ts'
import { append, device, eventOf } from '../../suites/store-samples.ts'
import { eventOf as deviceEvent, HandClock, settled } from '../orchestrator/world.ts'
import { operator, type Scene, scene, update, viewer } from './scene.ts'

t.test('activity is told at once, then at most once a second, and after every silence', async t => {
  const clock = new HandClock()
  let newest = 0
  let dues = 0
  const activity = new Activity({ clock, silenceMs: 15_000, newest: () => newest, due: () => (dues += 1) })
  const log = (count: number): void => {
    for (let number = 0; number < count; number += 1) activity.logged()
    newest += count
  }
  t.equal(dues, 1, 'due from the beginning')
  log(2)
  t.equal(dues, 1, 'and not twice')
  t.strictSame(activity.told(), { at: new Date(1_000_000).toISOString(), newestEvent: eventIdOf(2), events: 2 })

  log(500)
  t.equal(dues, 1, 'the second is not over')
  await clock.advance(999)
  log(1)
  t.equal(dues, 1)
  await clock.advance(1)
  t.equal(dues, 2)
  log(3)
  t.match(activity.told(), { events: 504, newestEvent: eventIdOf(506) }, 'told is what there is by then')

  await clock.advance(14_999)
  t.equal(dues, 2)
  await clock.advance(1)
  t.equal(dues, 3, 'a sign of life')
  t.match(activity.told(), { events: 0, newestEvent: eventIdOf(506) })
  await clock.advance(5_000)
  log(1)
  t.equal(dues, 4, 'after a second of rest the first event is told at once')
  t.match(activity.told(), { events: 1 })
  log(1)
  activity.close()
  await clock.advance(60_000)
  t.equal(dues, 4, 'and nothing after the end')
})

t.test('an empty log has no newest event', async t => {
  const activity = new Activity({ clock: new HandClock(), silenceMs: 1, newest: () => 0, due: () => undefined })
  t.match(activity.told(), { newestEvent: null, events: 0 })
  activity.close()
})

/** Reads until the result is called, which resolves to what was heard. */
async function reading({ useCases }: Scene, request: WatchRequest): Promise<() => Promise<readonly LiveMessage[]>> {
  const controller = new AbortController()
  const heard: LiveMessage[] = []
  const stream = await useCases.watch(viewer, request, controller.signal)
  const ended = (async () => {
    for await (const message of stream) heard.push(message)
  })()
  await settled()
  return async () => {
    await settled()
    controller.abort()
    await ended
    return heard
  }
}
const kindsOf = (messages: readonly LiveMessage[]): readonly string[] =>
  [...new Set(messages.map(({ kind }) => kind))].sort()

t.test('each reader hears the kinds he asked for, and no others', async t => {
  const small = await scene(t, 2)
  const { useCases, release } = small
  const before = await useCases.listEvents(viewer, { order: 'ASC' })
  const lastEventId = before.data[0]?.id ?? ''
  const rows: readonly (readonly [request: WatchRequest, kinds: readonly string[]])[] = [
    [{}, ['event', 'operation']],
    [{ lastEventId }, ['event', 'operation']],
    [{ kinds: ['device-event'] }, ['event']],
    [{ kinds: ['operation'], lastEventId }, ['operation']],
    [{ kinds: ['operation', 'activity'], lastEventId }, ['activity', 'operation']],
    [{ kinds: ['activity'] }, ['activity']],
    [{ kinds: ['device-event', 'operation', 'activity'] }, ['activity', 'event', 'operation']],
    [{ kinds: [] }, []],
  ]
  const readers = []
  for (const [request] of rows) readers.push(await reading(small, request))
  const { id } = await useCases.createOperation(operator, update(release))
  await settled()
  await small.world.orchestrator.event(
    small.connections[0] as never,
    deviceEvent(1, { kind: 'code', code: 'UPD4_FAIL_33' }, id as never),
  )
  await settled()
  await useCases.stopOperation(operator, id)
  await small.world.clock.advance(1_000)
  for (const [number, [request, kinds]] of rows.entries()) {
    const heard = (await readers[number]?.()) ?? []
    t.strictSame(kindsOf(heard), kinds, JSON.stringify(request))
    const first = heard.find(message => message.kind === 'event')
    if (request.lastEventId !== undefined && kinds.includes('event'))
      t.equal(first?.kind === 'event' && first.record.id, before.data[1]?.id, 'from where he was')
  }
  await t.rejects(useCases.watch(viewer, { kinds: ['activity'], lastEventId: 'x' }, new AbortController().signal), {
    code: 'INVALID',
  })
})

t.test('activity counts what the reader asked about, once each, and names the newest event of the log', async t => {
  const small = await scene(t, 2)
  const { store, orchestrator, clock } = small.world
  const all = await reading(small, { kinds: ['activity'] })
  const one = await reading(small, { kinds: ['activity'], device: 'sensor-1', activityMs: 10_000 })
  const log = async (name: string): Promise<void> => {
    const records = (await store.commit([append(eventOf(device(name)))])) as readonly EventRecord[]
    orchestrator.live.events(records)
  }
  await clock.advance(1_000)
  for (let number = 0; number < 30; number += 1) await log(number % 3 === 0 ? 'sensor-1' : 'sensor-2')
  await settled()
  await clock.advance(1_000)
  await clock.advance(10_000)
  const { newest } = store.eventRange()
  const counted = (messages: readonly LiveMessage[]): readonly number[] =>
    messages.map(message => (message.kind === 'activity' ? message.activity.events : -1))
  const heard = await all()
  const total = counted(heard).reduce((sum, count) => sum + count, 0)
  t.equal(total, 30)
  t.ok(heard.length <= 4, `${heard.length} messages for 30 events in 12 s`)
  const own = await one()
  t.equal(
    counted(own).reduce((sum, count) => sum + count, 0),
    10,
  )
  t.equal(counted(own).at(0), 0, 'the first tells that the stream is there')
  t.equal(counted(own).at(-1), 0, 'the last that it still is')
  t.match(own.at(-1), { activity: { newestEvent: eventIdOf(newest) } })
})

t.test('a reader of activity alone is not cut off by any number of events he does not read', async t => {
  const small = await scene(t, 1)
  const { store, orchestrator } = small.world
  const controller = new AbortController()
  const stream = await small.useCases.watch(viewer, { kinds: ['operation', 'activity'] }, controller.signal)
  const reader = stream[Symbol.asyncIterator]()
  t.match((await reader.next()).value, { kind: 'activity' })
  const records = (await store.commit([append(eventOf(device('sensor-1')))])) as readonly EventRecord[]
  for (let number = 0; number < 5_000; number += 1) orchestrator.live.events(records)
  await small.world.clock.advance(1_000)
  t.match((await reader.next()).value, { kind: 'activity', activity: { events: 5_000 } })
  controller.abort()
  t.equal((await reader.next()).done, true)
})
