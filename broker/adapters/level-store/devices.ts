// A registered device in the database: its record as of the last hello, and beside it the positions of its journals, which
// move with every event. The record is several times as long, and would be written anew for one number.
//
//   d!DEVICE   batch b   the record, with the positions of then
//   j!DEVICE   batch c   the positions alone; they count when c >= b, otherwise a later record has newer ones
import type { DeviceId } from '../../../proto/ids.ts'
import type { Device } from '../../core/device.ts'
import type { Page } from '../../ports.ts'
import * as keys from './keys.ts'
import { readPage } from './reading.ts'
import { decodeRecord, type StoredRecord } from './record.ts'
import type { Database, Snapshot } from './verification.ts'

/** `get`: the value under a key, both asked for in one breath. */
export async function readDevice(
  id: DeviceId,
  get: (key: string) => Promise<string | undefined>,
): Promise<Device | undefined> {
  const [deviceKey, journalsKey] = [keys.deviceKey(id), keys.journalsKey(id)]
  const [record, apart] = await Promise.all([get(deviceKey), get(journalsKey)])
  if (record === undefined) return undefined
  return joined(decodeRecord(deviceKey, record), apart === undefined ? undefined : decodeRecord(journalsKey, apart))
}

export async function readDevices(
  db: Database,
  snapshot: Snapshot,
  { after, limit }: { readonly after?: DeviceId; readonly limit: number },
): Promise<Page<Device>> {
  const page = await readPage(db, {
    range: keys.beyond('d!', after),
    limit,
    decode: (key, value) => ({ id: keys.lastPart(key), record: decodeRecord(key, value) }),
    snapshot,
  })
  const [first, last] = [page.items[0], page.items.at(-1)]
  if (first === undefined || last === undefined) return { items: [], hasMore: false }
  // Those of the page lie as close together as its records: one look more, whatever its length.
  const between = { gte: keys.journalsKey(first.id), lte: keys.journalsKey(last.id), snapshot }
  const apart = new Map(
    (await db.iterator(between).all()).map(([key, value]) => [keys.lastPart(key), decodeRecord(key, value)]),
  )
  return { items: page.items.map(({ id, record }) => joined(record, apart.get(id))), hasMore: page.hasMore }
}

function joined(record: StoredRecord, apart: StoredRecord | undefined): Device {
  const device = JSON.parse(record.json) as Device
  if (apart === undefined || apart.batch < record.batch) return device
  return { ...device, journals: JSON.parse(apart.json) as Device['journals'] }
}
