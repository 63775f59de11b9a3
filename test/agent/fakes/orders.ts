// What most tests of commands begin with: a device with a configuration and programs, and one order given to it.
import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import type { JsonObject } from '../../../proto/json.ts'
import { operationOne } from './broker.ts'
import { FakeDevice } from './device.ts'
import { FakeConfiguration, FakePrograms } from './equipment.ts'
import { commandOf } from './release.ts'

export const text = '{"interval":60,"wifi":{"ssid":"barn","password":"hunter2"}}'
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

export interface Equipped {
  readonly device: FakeDevice
  readonly configuration: FakeConfiguration
  readonly programs: FakePrograms
}

export async function equipped(settings: ConstructorParameters<typeof FakeDevice>[0] = {}): Promise<Equipped> {
  const device = new FakeDevice(settings)
  const configuration = new FakeConfiguration(text)
  const programs = new FakePrograms()
  device.equipment = alive => ({ configuration: configuration.port(alive), programs: programs.port(alive) })
  await device.start()
  await device.run(0)
  return { device, configuration, programs }
}

/** Gives one command and lets it end. */
export async function ordered(at: Equipped, type: string, given: JsonObject, changes = {}): Promise<readonly string[]> {
  at.device.broker.sendCommand(commandOf(type, given, operationOne, changes), type)
  await at.device.run()
  return at.device.broker.told()
}

export async function ends(t: Test, { device }: Equipped): Promise<void> {
  t.equal(device.agent?.memory.command, undefined, 'nothing is left under way')
  t.strictSame(device.disk.durable.outbox, [])
  await device.stop()
  t.equal(device.clock.timerCount, 0, 'no timer is left behind')
}
