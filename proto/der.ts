// As much of DER (X.690) as certificates need: values with a tag and a length, written in one form and read in no other.

export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : length < 0x10000
          ? [0x82, length >> 8, length & 0xff]
          : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

/** One value: `body` without tag and length, `whole` with them. Both are views. */
export interface DerValue {
  readonly tag: number
  readonly body: Buffer
  readonly whole: Buffer
}

/** The values that follow one another in `bytes`, to its end. Throws RangeError. */
export function derValues(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = []
  for (let position = 0; position < bytes.length; ) {
    const value = valueAt(bytes, position)
    values.push(value)
    position += value.whole.length
  }
  return values
}

function valueAt(bytes: Buffer, start: number): DerValue {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError('no DER value')
  let length = first
  let head = 2
  if (first >= 0x80) {
    const size = first & 0x7f
    if (size < 1 || size > 3 || start + 2 + size > bytes.length) throw new RangeError('no DER length')
    length = bytes.readUIntBE(start + 2, size)
    head += size
    // X.690, 10.1: the shortest form.
    if (length < 0x80 || length < 256 ** (size - 1)) throw new RangeError('a DER length that is not the shortest')
  }
  const end = start + head + length
  if (end > bytes.length) throw new RangeError('a DER value that is cut off')
  return { tag, body: bytes.subarray(start + head, end), whole: bytes.subarray(start, end) }
}
