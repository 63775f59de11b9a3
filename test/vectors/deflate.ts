// Deflate by hand: the same bytes whatever version of zlib makes the files.

/** One stored block (RFC 1951, 3.2.4). */
export function deflateStored(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head[0] = 1
  head.writeUInt16LE(bytes.length, 1)
  head.writeUInt16LE(~bytes.length & 0xffff, 3)
  return Buffer.concat([head, bytes])
}

/** `count` times `character` (below 144) in one block of fixed Huffman codes (RFC 1951, 3.2.6). */
export function deflatedRun(character: string, count: number): Buffer {
  const literal = (character.charCodeAt(0) + 0x30).toString(2).padStart(8, '0')
  const length258distance1 = '1100010100000'
  const matches = Math.floor((count - 1) / 258)
  const bits = `110${literal.repeat(count - 258 * matches)}${length258distance1.repeat(matches)}0000000`
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (let at = 0; at < bits.length; at += 1)
    if (bits[at] === '1') bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7))
  return bytes
}
