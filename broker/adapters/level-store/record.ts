// A stored value: checksum, number of the batch that wrote it, JSON. LevelDB hands out flipped bits and old versions
// without a word, so nothing is believed that does not carry the checksum of its own key, batch and text. Index rows
// are not stored like this: the record they point to says whether they are right (indexValueOf in rows.ts).
import { crc32 } from 'node:zlib'
import { eventIdOf } from '../../../proto/ids.ts'
import type { EventRecord } from '../../core/records.ts'
import { StoreDamaged } from '../../errors.ts'
import { fixed, numberAt } from './keys.ts'

export interface StoredRecord {
  readonly batch: number
  /** Empty where the key says it all. */
  readonly json: string
}

const checksumDigits = 8
const headDigits = checksumDigits + 14

export function encodeRecord(key: string, batch: number, json: string): string {
  return recordEncoder(batch)(key, json)
}

/** For the many records of one batch. */
export function recordEncoder(batch: number): (key: string, json: string) => string {
  const digits = fixed(batch)
  return (key, json) => checksumOf(key, digits, json) + digits + json
}

/** Throws StoreDamaged naming the key when the value is not what was written under it. */
export function decodeRecord(key: string, stored: string): StoredRecord {
  const digits = stored.slice(checksumDigits, headDigits)
  const json = stored.slice(headDigits)
  if (stored.length < headDigits || checksumOf(key, digits, json) !== stored.slice(0, checksumDigits)) {
    throw new StoreDamaged(`record ${JSON.stringify(key)}: the checksum does not fit`)
  }
  return { batch: Number.parseInt(digits, 16), json }
}

/** The value under a key; the type is the one that was written there, the checksum vouches for the bytes. */
export function decodeValue<T>(key: string, stored: string): T {
  return JSON.parse(decodeRecord(key, stored).json) as T
}

/** Its id is not stored: the key says it. */
export function decodeEvent(key: string, stored: string): EventRecord {
  return Object.assign(decodeValue<Omit<EventRecord, 'id'>>(key, stored), { id: eventIdOf(numberAt(key)) })
}

/** Of key, line feed, digits of the batch and text, one after the other. The text, which is long, is not copied for it. */
function checksumOf(key: string, digits: string, json: string): string {
  const crc = crc32(json, crc32(`${key}\n${digits}`))
  return hexOfByte(crc >>> 24) + hexOfByte((crc >>> 16) & 255) + hexOfByte((crc >>> 8) & 255) + hexOfByte(crc & 255)
}

/** By a table: `toString(16)` of a number above 2^30 takes six times as long, a quarter of what a record costs here. */
const bytesInHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const hexOfByte = (byte: number): string => bytesInHex[byte] as string
