// A file on its way to the broker: streamed, counted, and given up when nothing of it moves any more.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { Clock } from './ports.ts'
import { watchForStall } from './stall.ts'
import type { Request } from './transport.ts'

/** The broker may take so many timeouts over its last fsync. */
const lastTimeouts = 10

/** What `ask` resolves to; it gets the parts of a request that carry the file. `onProgress` is told the bytes read so far. */
export async function upload<T>(
  { path, type }: { readonly path: string; readonly type: string },
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  ask: (request: Pick<Request, 'stream' | 'limit'>) => Promise<T>,
  onProgress?: (bytes: number) => void,
): Promise<T> {
  const stalled = new AbortController()
  const ended = new AbortController()
  const progress = { bytes: 0, idleMs: timeoutMs }
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  const body = Readable.from(
    (async function* () {
      for await (const chunk of file) {
        progress.bytes += (chunk as Buffer).length
        onProgress?.(progress.bytes)
        yield chunk as Buffer
      }
      progress.idleMs = timeoutMs * lastTimeouts
    })(),
    { objectMode: false },
  )
  const watching = watchForStall(clock, () => progress, stalled, ended.signal)
  try {
    return await ask({ stream: { type, body }, limit: stalled.signal })
  } finally {
    file.destroy()
    ended.abort()
    await watching
  }
}
