// Server-sent events on their way to one reader: written as fast as he reads, with a comment in every silence, and cut
// off when he does not read at all. Written here and not taken from @fastify/sse, which waits for a full socket without
// an end, beats into it meanwhile, and keeps streams open over a shutdown. What comes in one turn of the event loop is
// written at once: devices that report together are one write for each reader, not one for each event.
import type { Writable } from 'node:stream'
import type { Clock } from '../../ports.ts'

export interface EventStreamParts {
  readonly clock: Clock
  /** Between two comments. */
  readonly heartbeatMs: number
  /** What a reader may leave a full socket alone. */
  readonly stallMs: number
  /** Asked at every heartbeat; false ends the stream. */
  readonly mayGoOn: () => Promise<boolean>
}
/** `ended`: nothing more to say · `gone`: the reader left · `stalled`: he did not read · `unwelcome`: may no longer. */
export type StreamEnd = 'ended' | 'gone' | 'stalled' | 'unwelcome'

/** Milliseconds after which a reader who was cut off comes back. */
const retryMs = 2_000
/** Characters that wait for the end of a turn. */
const batchLengthMax = 64 * 1024

/** One server-sent event. */
export function framed(event: string, data: object, id?: string): string {
  // JSON has no line break of its own.
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}

/**
 * Writes the messages, each as `framed` makes it, until they end, the reader goes or must go; then `out` is ended, or destroyed when he does not read.
 * The messages must end soon after `out` has closed: their owner sees to that. Rejects when they do.
 */
export async function streamEvents(
  out: Writable,
  messages: AsyncIterable<string>,
  { clock, heartbeatMs, stallMs, mayGoOn }: EventStreamParts,
): Promise<StreamEnd> {
  let end: StreamEnd | undefined
  const cut = (why: StreamEnd): void => {
    end ??= why
    out.destroy()
  }
  let cancelBeat = (): void => undefined
  const beat = (): void => {
    cancelBeat = clock.after(heartbeatMs, () => {
      if (isOver(out)) return
      if (!out.writableNeedDrain) out.write(':\n\n')
      mayGoOn().then(
        may => may || cut('unwelcome'),
        // Whether he may is not known now: the next heartbeat asks again.
        () => undefined,
      )
      beat()
    })
  }
  let batch = ''
  let turn: NodeJS.Immediate | undefined
  /** While the reader has to read first: whether he did in time. */
  let full: Promise<boolean> | undefined
  const write = (): void => {
    clearImmediate(turn)
    turn = undefined
    if (batch === '' || full !== undefined || isOver(out)) return
    const isFull = !out.write(batch)
    batch = ''
    if (!isFull) return
    full = drained(out, clock, stallMs).then(all => {
      full = undefined
      if (!all && !out.destroyed) cut('stalled')
      if (all) write()
      return all
    })
  }
  out.on('error', () => {
    // A reader who goes away in the middle; `close` follows.
  })
  try {
    if (!isOver(out)) out.write(`retry: ${retryMs}\n\n`)
    beat()
    for await (const message of messages) {
      if (isOver(out)) break
      batch += message
      if (batch.length >= batchLengthMax) write()
      else turn ??= setImmediate(write)
      if (full !== undefined && !(await full)) break
    }
    write()
    if (full !== undefined) await full
    if (out.destroyed) return end ?? 'gone'
    out.end()
    if (!(await drained(out, clock, stallMs)) && !out.destroyed) cut('stalled')
    return end ?? 'ended'
  } catch (error) {
    out.destroy()
    throw error
  } finally {
    clearImmediate(turn)
    cancelBeat()
  }
}

/** Its owner has ended it, or the reader has gone. */
function isOver(out: Writable): boolean {
  return out.destroyed || out.writableEnded
}

/** False when it was not in time, or closed. */
function drained(out: Writable, clock: Clock, withinMs: number): Promise<boolean> {
  return new Promise(resolve => {
    const done = (all: boolean): void => {
      cancel()
      out.off('drain', onDrain).off('finish', onDrain).off('close', onClose)
      resolve(all)
    }
    const onDrain = (): void => done(true)
    const onClose = (): void => done(out.writableFinished)
    const cancel = clock.after(withinMs, () => done(false))
    out.once('drain', onDrain).once('finish', onDrain).once('close', onClose)
    if (out.destroyed || out.writableFinished) onClose()
  })
}
