// A device that is a member of a broadcast session, and what its tests ask it.
import type { Test } from 'tap'
import type { SessionPhase } from '../../../agent/core/broadcast.ts'
import { jobOf } from '../../../agent/core/memory.ts'
import { FakeDevice } from './device.ts'
import { imageOf, releaseOf } from './release.ts'
import { SessionSender } from './session-sender.ts'

/** Has nothing in common with what is installed. */
export const carried = releaseOf(imageOf('carried', 20_000))
export const other = releaseOf(imageOf('other', 5_000), { version: '3.0.0', releaseCounter: 3 })
export const waiting = ['downloading', 'verifying', 'awaiting-install']
export const installed = ['verifying', 'installing', 'rebooting', 'confirming']
export const half = Math.floor(carried.index.count / 2)

export interface Member {
  readonly device: FakeDevice
  readonly sender: SessionSender
}

/** A device that was offered `carried` and told to join at once. */
export async function member(changes: ConstructorParameters<typeof FakeDevice>[0] = {}): Promise<Member> {
  const device = new FakeDevice({ windowBytes: 32_000, ...changes })
  await device.start()
  await device.run(0)
  const sender = new SessionSender(device.broker, carried)
  device.broker.sendOffer(carried)
  device.broker.sendJoin(sender.name)
  await device.run(0)
  return { device, sender }
}

/** Lets everything happen that needs no time. */
export const settled = ({ device }: Member): Promise<void> => device.run(0)

/** Brings the device as far as that, all of it in the session. */
export async function upTo(at: Member, phase: SessionPhase): Promise<void> {
  const { sender } = at
  if (phase === 'joined') return
  sender.say('start')
  sender.send(0, half)
  await settled(at)
  if (phase === 'started') return
  sender.send(half + 1)
  sender.say('end')
  await settled(at)
  if (phase === 'ended') return
  sender.say('activate')
}

/** Numbers of the chunks that were asked for, each as often as it was. */
export function asked({ broker }: FakeDevice): number[] {
  return broker.requests.flatMap(({ wanted }) =>
    wanted.kind === 'chunks'
      ? wanted.ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at))
      : [],
  )
}

export const session = ({ agent }: FakeDevice): string => {
  const { name, phase } = jobOf(agent?.memory.state ?? { kind: 'idle' })?.session ?? {}
  return name === undefined ? 'none' : `${name} ${phase}`
}

export function isInstalled(t: Test, { disk, broker }: FakeDevice): void {
  t.ok(disk.runningImage('main')?.equals(carried.image))
  t.equal(broker.hellos.at(-1)?.components[0]?.version, '2.0.0')
}

export async function ends(t: Test, { device }: Member): Promise<void> {
  t.equal(device.broker.session, undefined, 'the session is left')
  t.strictSame(device.disk.durable.outbox, [])
  await device.stop()
  t.equal(device.clock.timerCount, 0, 'no timer is left behind')
}
