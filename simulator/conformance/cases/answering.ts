// What a line can make of the answers on chunks/data, and what came of it.
import { type ChunkData, encodeChunkData, readChunkData } from '../../../proto/chunk-messages.ts'
import type { Examination, Offered } from '../examination.ts'
import { publication } from '../packets.ts'

export type Piece = Extract<ChunkData, { kind: 'piece' }>
/** What the device gets in the place of an answer; `count` is how many came before it. */
export type Answering = (data: ChunkData, count: number) => readonly ChunkData[] | 'cut'

/** From now on every answer on chunks/data is what `answering` makes of it. */
export function answers(at: Examination, answering: Answering): void {
  let count = 0
  at.line.weather = {
    toDevice(packet) {
      if (packet.kind !== 'publish' || !packet.publish.topic.endsWith('/chunks/data')) return 'pass'
      const made = answering(readChunkData(packet.publish.payload), count)
      count += 1
      return made === 'cut' ? 'cut' : made.map(data => publication(packet.publish.topic, encodeChunkData(data)))
    },
  }
}

export const isIndex = (data: ChunkData): data is Piece => data.kind === 'piece' && data.chunk === undefined
export const isChunk = (data: ChunkData): data is Piece => data.kind === 'piece' && data.chunk !== undefined

export function spoiled(piece: Piece): Piece {
  const data = Buffer.from(piece.data)
  data[data.length - 1] = (data[data.length - 1] ?? 0) ^ 1
  return { ...piece, data }
}

/** In pieces of at most so many bytes. */
export function split(piece: Piece, bytes: number): Piece[] {
  return Array.from({ length: Math.ceil(piece.data.length / bytes) }, (_, at) => ({
    ...piece,
    offset: piece.offset + at * bytes,
    data: piece.data.subarray(at * bytes, (at + 1) * bytes),
  }))
}

/** What was asked for and what came, of one operation. */
export function traffic(at: Examination, { operation, mark }: Offered) {
  const requests = at.witness.of('request', mark).filter(({ request }) => request.operation === operation)
  const numbers = new Set(requests.map(({ request, connection }) => `${connection}/${request.requestNumber}`))
  const pieces = at.witness
    .of('data', mark)
    .filter(({ data, connection }) => numbers.has(`${connection}/${data.requestNumber}`))
    .flatMap(({ data }) => (data.kind === 'piece' ? [data] : []))
  return { requests, pieces }
}

/** The next `times` requests are refused, whatever they ask for; how many were, is told by the result. */
export function refusing(
  at: Examination,
  times: number,
  reason: 'busy' | 'no-right' | 'no-such-chunk',
  retryAfterMs: number,
): () => number {
  const refused = new Set<string>()
  answers(at, data => {
    if (data.kind !== 'piece') return [data]
    const key = String(data.requestNumber)
    if (refused.has(key)) return []
    if (refused.size >= times) return [data]
    refused.add(key)
    return [{ kind: 'refusal', requestNumber: data.requestNumber, reason, chunk: undefined, retryAfterMs }]
  })
  return () => refused.size
}
