// One attack on one device: a real broker that does as the attacker wishes, a real agent on a folder of the test. The
// device must say the documented code and nothing else, and end safe: the image it had runs on, byte for byte.
import { readFile } from 'node:fs/promises'
import type { Test } from 'tap'
import type { DeviceFailureCode } from '../../proto/event-codes.ts'
import type { DeviceView, EventView } from '../../proto/http-api.ts'
import { type Offer, offerOf, type Wishes } from '../agent/codes/offers.ts'
import { codesOf, type Scene } from '../agent/codes/scene.ts'
import { type DeviceWishes, factoryImage, type SceneDevice } from '../agent/codes/scene-device.ts'
import { sha256Hex } from '../agent/fakes/release.ts'

/** What the event must say at least. */
export type Says = Readonly<Record<string, string | RegExp>>

/** A device that is online; stopped with the test. */
export async function victim(t: Test, scene: Scene, wishes: DeviceWishes = {}): Promise<SceneDevice> {
  const device = await scene.device(wishes)
  await device.start()
  t.teardown(() => device.stop())
  await scene.untilOnline(device)
  return device
}

/** Offers to the device and returns what the event page says of it once it has ended. */
export async function offeredTo(scene: Scene, device: SceneDevice, offer: Offer): Promise<readonly EventView[]> {
  return scene.result(device, await scene.begin(offer, device))
}

/** The device refuses with this code, says why, and runs what it ran before. */
export async function refuses(
  t: Test,
  scene: Scene,
  device: SceneDevice,
  wishes: Wishes,
  code: DeviceFailureCode,
  says: Says = {},
  what = '',
): Promise<void> {
  const before = await running(scene, device)
  const events = await offeredTo(scene, device, offerOf(wishes))
  t.strictSame(codesOf(events), [code], `${what} ${code}`)
  t.match(events.find(({ event_type }) => event_type === code)?.data, says, `${what} what it says`)
  t.strictSame(await running(scene, device), before, `${what} the device runs what it ran`)
}

/** As the broker has it from the device. */
export async function running(scene: Scene, device: SceneDevice): Promise<DeviceView['components']> {
  return (await scene.call<DeviceView>('GET', `/v1/devices/${device.id}`)).components
}

/** On the disk of a device that was never updated. */
export async function isFromTheFactory(t: Test, device: SceneDevice, component = 'main'): Promise<void> {
  t.equal(
    sha256Hex(await readFile(device.image('a', component))),
    sha256Hex(factoryImage),
    'the factory image, untouched',
  )
}
