// What devices had logged when they failed: lists of an operation, and the lines of one.
import type { DeviceLogView, Listing } from '../../proto/http-api.ts'
import { eventId } from '../../proto/ids.ts'
import { inflatedLog } from '../../proto/log-report.ts'
import { RequestRefused } from '../errors.ts'
import { deviceLogView, listing } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { storedOperation } from './operations.ts'
import { parsedId, parsedPage } from './parsing.ts'
import type { UseCases } from './use-cases.ts'

export function deviceLogUseCases({ store }: Dependencies): Pick<UseCases, 'listDeviceLogs' | 'readDeviceLog'> {
  return {
    async listDeviceLogs(by, text, request): Promise<Listing<DeviceLogView>> {
      requireRole(by, 'viewer')
      const { id } = await storedOperation(store, text)
      const page = parsedPage(request, eventId)
      return listing(await store.deviceLogs(id, page), deviceLogView, page)
    },

    async readDeviceLog(by, text): Promise<{ view: DeviceLogView; text: string }> {
      // What the device redacts is the device's to say; the broker's own secrets never stand in it.
      requireRole(by, 'viewer')
      const id = parsedId(eventId, text, 'id')
      const operation = (await store.event(id))?.operation
      if (operation !== undefined) {
        const [log, content] = await Promise.all([
          store.deviceLog(operation, id),
          store.deviceLogContent(operation, id),
        ])
        const lines = content && inflatedLog(content)
        if (log !== undefined && lines !== undefined) return { view: deviceLogView(log), text: lines }
      }
      throw new RequestRefused(
        'NOT_FOUND',
        `no log of a device is kept with event ${id}: it told no failure, the operation asked for none, or none has come`,
      )
    },
  }
}
