// Protobuf by hand, to write what no encoder would.

/** Base-128, as few bytes as it takes, or `bytes` bytes. */
export function varint(value: number | bigint, bytes = 0): Buffer {
  const out: number[] = []
  let rest = BigInt(value)
  do {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  } while (rest > 0n || out.length < bytes)
  out.push((out.pop() ?? 0) & 127)
  return Buffer.from(out)
}

export function numberField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)])
}

export function bytesField(number: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}
