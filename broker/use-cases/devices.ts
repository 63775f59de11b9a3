// Devices: first credentials, and what the registry knows.
import type { DeviceView, EnrollAnswer, Listing } from '../../proto/http-api.ts'
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import type { Principal } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import { deviceView, listing } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId, parsedPage } from './parsing.ts'
import { newSecret, secretSha256 } from './secrets.ts'
import type { UseCases } from './use-cases.ts'

export function deviceUseCases({
  store,
  clock,
  random,
  isOnline,
  naming,
}: Dependencies): Pick<UseCases, 'enrollDevice' | 'listDevices' | 'showDevice'> {
  const enroll = async (device: DeviceId, by: Principal): Promise<EnrollAnswer> => {
    if ((await store.credential(device)) !== undefined)
      throw new RequestRefused('CONFLICT', `device ${device} has credentials already`, [
        { name: 'device', message: 'is enrolled already' },
      ])
    // MQTT knows both by user name: one name is one identity.
    if ((await store.principal(device as string as Principal['name'])) !== undefined)
      throw new RequestRefused('CONFLICT', `${device} is the name of a principal`, [
        { name: 'device', message: 'is the name of a principal' },
      ])
    const secret = newSecret(random)
    const at = clock.now()
    await store.commit([
      {
        kind: 'put-credential',
        credential: { device, secretSha256: secretSha256(secret), createdAt: at, createdBy: by.name },
      },
      {
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
      },
    ])
    return { device, secret }
  }
  return {
    async enrollDevice(by, request): Promise<EnrollAnswer> {
      requireRole(by, 'operator')
      const device = parsedId(deviceId, request.device, 'device')
      return naming(() => enroll(device, by))
    },

    async listDevices(by, request): Promise<Listing<DeviceView>> {
      requireRole(by, 'viewer')
      const page = parsedPage(request, deviceId)
      const found = await store.devices(page)
      return listing(found, device => deviceView(device.id, device, isOnline(device.id)), page)
    },

    async showDevice(by, text): Promise<DeviceView> {
      requireRole(by, 'viewer')
      const id = parsedId(deviceId, text, 'id')
      const [device, credential] = await Promise.all([store.device(id), store.credential(id)])
      if (device === undefined && credential === undefined) throw new RequestRefused('NOT_FOUND', `no device ${id}`)
      return deviceView(id, device, isOnline(id))
    },
  }
}
