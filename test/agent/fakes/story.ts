// What most tests of the agent begin with.
import type { FakeDevice } from './device.ts'
import { imageOf, releaseOf } from './release.ts'

/** Shares its first 12,000 bytes with the installed image. */
export const newer = releaseOf(Buffer.concat([imageOf('one', 12_000), imageOf('two', 9_000)]))
export const newest = releaseOf(imageOf('three', 5_000), { version: '3.0.0', releaseCounter: 3 })
export const allSteps = ['downloading', 'verifying', 'installing', 'rebooting', 'confirming']
export const day = 24 * 60 * 60 * 1000

export async function begun(device: FakeDevice, release = newer): Promise<void> {
  await device.start()
  await device.run(0)
  device.broker.sendOffer(release)
}

export async function updated(device: FakeDevice, release = newer): Promise<void> {
  await begun(device, release)
  await device.run()
}
