// A store with a fleet in it before the broker starts: devices that have said hello once, credentials of those that will
// connect, and one administrator. Written through the store itself, many to a commit, because a million hellos would
// only measure hellos.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { LevelStore } from '../../broker/adapters/level-store.ts'
import type { Device } from '../../broker/core/device.ts'
import type { Change } from '../../broker/ports.ts'
import { type DeviceId, deviceId, principalName } from '../../proto/ids.ts'
import { testClassId, testVendorId } from '../../test/fixtures/bundle.ts'

/** The administrator's token and the secret of every device; a store of a bench holds nothing else. */
export const token = 'bench-token-that-opens-nothing-else-0123456'
export const deviceSecret = 'bench-secret-that-opens-nothing-else-012345'
export const component = 'main'
/** A device that has credentials and never says hello: its connection is only pinged. */
export const pingerName = 'bench-pinger'

const devicesAtOnce = 2000
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Devices from 0 on, in the order in which the store has them. */
export function deviceName(number: number): DeviceId {
  return deviceId(`sensor-${String(number).padStart(7, '0')}`)
}

/** Devices spread evenly over a registry of `total`. */
export function spreadDevices(total: number, count: number): readonly DeviceId[] {
  return Array.from({ length: Math.min(count, total) }, (_, index) => deviceName(Math.floor((index * total) / count)))
}

/** Makes the store unless it holds as many devices already. */
export async function fillRegistry(folder: string, total: number, online: readonly DeviceId[]): Promise<void> {
  const store = await LevelStore.open(join(folder, 'data', 'database'))
  try {
    const now = Date.now()
    await store.commit([
      {
        kind: 'put-principal',
        principal: { name: principalName('bench'), role: 'admin', tokenSha256: sha256(token), createdAt: now },
      },
    ])
    const credentials = [...online, deviceId(pingerName)].map((device): Change => {
      const credential = {
        device,
        secretSha256: sha256(deviceSecret),
        createdAt: now,
        createdBy: principalName('bench'),
      }
      return { kind: 'put-credential', credential }
    })
    await store.commit(credentials)
    if ((await store.device(deviceName(total - 1))) !== undefined) return
    for (let from = 0; from < total; from += devicesAtOnce) {
      const count = Math.min(devicesAtOnce, total - from)
      const device = (index: number): Change => ({ kind: 'put-device', device: deviceAt(from + index, now) })
      await store.commit(Array.from({ length: count }, (_, index) => device(index)))
    }
  } finally {
    await store.close()
  }
}

function deviceAt(number: number, now: number): Device {
  return {
    id: deviceName(number),
    registeredAt: now - 86_400_000,
    lastHelloAt: now - 3_600_000,
    vendorId: testVendorId,
    classId: testClassId,
    bootId: '55'.repeat(16),
    agentVersion: '1.4.0',
    packetBytesMax: 32_768,
    components: [{ name: component, version: '1.0.0', digest: '0d'.repeat(32) }],
    journals: [{ journalId: number.toString(16).padStart(16, '0'), floor: 12, above: [] }],
    group: `hall-${number % 50}`,
  }
}
