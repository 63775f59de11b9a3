// CRC-32C (Castagnoli) as LevelDB writes it into its files. zlib's crc32 is another polynomial.

const tables = makeTables()

/** Eight bytes a step ("slicing by 8"), two words at a time: the tables of a large database are read through at start. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let crc = 0xffffffff
  let at = start
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ words.getInt32(at, true)
    const high = words.getInt32(at + 4, true)
    crc =
      entry(t7, low & 255) ^
      entry(t6, (low >>> 8) & 255) ^
      entry(t5, (low >>> 16) & 255) ^
      entry(t4, low >>> 24) ^
      entry(t3, high & 255) ^
      entry(t2, (high >>> 8) & 255) ^
      entry(t1, (high >>> 16) & 255) ^
      entry(t0, high >>> 24)
  }
  for (; at < end; at++) crc = entry(t0, (crc ^ byte(bytes, at)) & 255) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** LevelDB stores checksums rotated and offset, so that a checksum of data with checksums stays useful (util/crc32c.h). */
export function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}
function entry(table: Uint32Array, at: number): number {
  return table[at] as number
}

type Eight<T> = readonly [T, T, T, T, T, T, T, T]
function makeTables(): Eight<Uint32Array> {
  const first = new Uint32Array(256)
  for (let value = 0; value < 256; value++) {
    let crc = value
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    first[value] = crc
  }
  const next = (table: Uint32Array) => table.map(crc => entry(first, crc & 255) ^ (crc >>> 8))
  const [t1, t2, t3] = [next(first), next(next(first)), next(next(next(first)))]
  const t4 = next(t3)
  const [t5, t6] = [next(t4), next(next(t4))]
  return [first, t1, t2, t3, t4, t5, t6, next(t6)]
}
