// What every first credential of a device has in common, be it a password or a certificate.
import type { DeviceId } from '../../proto/ids.ts'
import { RequestRefused } from '../errors.ts'
import type { Change, Store } from '../ports.ts'
import type { Caller } from './use-cases.ts'

/** MQTT knows devices and principals by user name: one name is one identity. Throws RequestRefused CONFLICT. */
export async function refuseNameOfPrincipal(store: Pick<Store, 'principal'>, device: DeviceId): Promise<void> {
  if ((await store.principal(device as string as Caller['name'])) === undefined) return
  throw new RequestRefused('CONFLICT', `${device} is the name of a principal`, [
    { name: 'device', message: 'is the name of a principal' },
  ])
}

/** SYS_107: the first credentials of the device were issued. */
export function bootstrapped(device: DeviceId, at: number): Change {
  return {
    kind: 'append-event',
    event: {
      recordedAt: at,
      device,
      code: 'SYS_107',
      type: 'INFO',
      category: 'INFO',
      stateChange: true,
      changes: { state: { from: null, to: 'enrolled' } },
      data: {},
    },
  }
}
