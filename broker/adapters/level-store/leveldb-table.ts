// Checks a table file of LevelDB (doc/table_format.md) without LevelDB, which does not look at the checksums of blocks
// when it reads: a flipped key simply is not found any more, a flipped filter hides keys that are there, and a flipped
// order ends the process in an assertion at the next compaction. Every byte up to the footer belongs to one checksummed
// block; the index says where they are.
import { maskedCrc32c } from './crc32c.ts'
import { VarintReader } from './leveldb-log.ts'

interface Block {
  readonly offset: number
  readonly end: number
}

const footerBytes = 48
const trailerBytes = 5
const magic = 0xdb4775248b80fb57n

/** The first thing wrong with the table, in words; undefined when every block is as it was written. */
export function problemInTable(bytes: Buffer): string | undefined {
  try {
    checkTable(bytes)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

function checkTable(bytes: Buffer): void {
  const footer = bytes.length - footerBytes
  if (footer < 0 || bytes.readBigUInt64LE(bytes.length - 8) !== magic) throw new RangeError('the footer is not one')
  const reader = new VarintReader(bytes.subarray(footer))
  const [metaIndex, index] = [readBlock(reader), readBlock(reader)]
  const blocks = [metaIndex, index]
  for (const block of [metaIndex, index]) {
    for (const handle of handlesIn(contentsOf(bytes, block))) {
      contentsOf(bytes, handle, 'check only')
      blocks.push(handle)
    }
  }
  let at = 0
  for (const block of blocks.sort((a, b) => a.offset - b.offset)) {
    if (block.offset !== at) throw new RangeError(`no block begins at byte ${at}`)
    at = block.end + trailerBytes
  }
  if (at !== footer) throw new RangeError(`no block begins at byte ${at}`)
}

function readBlock(reader: VarintReader): Block {
  const offset = reader.number()
  return { offset, end: offset + reader.number() }
}

/** Throws RangeError when the checksum does not fit. */
function contentsOf(bytes: Buffer, block: Block, use?: 'check only'): Buffer {
  if (block.end + trailerBytes > bytes.length) throw new RangeError(`the block at byte ${block.offset} ends too late`)
  if (maskedCrc32c(bytes, block.offset, block.end + 1) !== bytes.readUInt32LE(block.end + 1)) {
    throw new RangeError(`the checksum of the block at byte ${block.offset} does not fit`)
  }
  const contents = bytes.subarray(block.offset, block.end)
  return use === undefined && bytes[block.end] === 1 ? uncompressed(contents) : contents
}

/** The values of an index or metaindex block are handles of other blocks. */
function* handlesIn(contents: Buffer): Generator<Block> {
  const restarts = contents.readUInt32LE(contents.length - 4)
  const reader = new VarintReader(contents.subarray(0, contents.length - 4 - 4 * restarts))
  while (!reader.done) {
    reader.number() // shared with the key before
    const unshared = reader.number()
    reader.number() // length of the value
    for (let skipped = 0; skipped < unshared; skipped++) reader.byte()
    yield readBlock(reader)
  }
}

/** Snappy (format_description.txt): literals and copies from what has been written already. */
function uncompressed(bytes: Buffer): Buffer {
  const reader = new VarintReader(bytes)
  const output = Buffer.alloc(reader.number())
  let at = 0
  const littleEndian = (count: number): number => {
    let value = 0
    for (let index = 0; index < count; index++) value += reader.byte() * 256 ** index
    return value
  }
  while (!reader.done) {
    const tag = reader.byte()
    const kind = tag & 3
    if (kind === 0) {
      const short = tag >> 2
      const length = (short < 60 ? short : littleEndian(short - 59)) + 1
      for (let index = 0; index < length; index++) output[at++] = reader.byte()
      continue
    }
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const offset = kind === 1 ? (tag >> 5) * 256 + reader.byte() : littleEndian(kind === 2 ? 2 : 4)
    if (offset === 0 || offset > at) throw new RangeError('the index cannot be uncompressed')
    for (let index = 0; index < length; index++, at++) output[at] = output[at - offset] as number
  }
  return output
}
