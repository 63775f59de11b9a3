// Readers of the live stream while devices report: how long an event takes from the log to a reader, and what it costs the
// broker's event loop.
import { type BrokerProcess, pause } from '../engine/broker-process.ts'
import { FleetProcesses } from '../engine/fleet-process.ts'
import type { Opened } from '../engine/opened.ts'
import { bundle, OperationFeed, operationsAlive } from '../engine/operations.ts'
import { median, type Print, percentile } from '../engine/printing.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { ConsoleSettings } from './settings.ts'

export async function measureStreams(
  opened: Opened,
  broker: BrokerProcess,
  delay: LoopDelay,
  online: readonly string[],
  { readers, flow, seconds }: ConsoleSettings,
  print: Print,
): Promise<void> {
  const wishes = { window: 4, eventsPerSecond: flow, digest: bundle.manifest.installedSha256 }
  const fleet = await FleetProcesses.open(broker.mqttPort, online, wishes)
  opened.add(() => fleet.close())
  const feed = await OperationFeed.open(broker, online, operationsAlive)
  const leaving = new AbortController()
  opened.add(async () => leaving.abort())
  const streams = await Promise.all(Array.from({ length: readers }, () => Stream.open(broker, leaving.signal)))
  await pause(1000)
  for (const stream of streams) stream.lagsMs.length = 0
  await delay.worst()
  const begin = await fleet.count()
  await pause(1000 * seconds)
  const { delayMs, heldMs } = await delay.worst()
  const end = await fleet.count()
  const lags = streams.flatMap(stream => stream.lagsMs)
  if (lags.length === 0) throw new Error('no reader has heard an event')
  print('stream_events_per_second', ((end.acknowledged - begin.acknowledged) * 1000) / (end.at - begin.at), 'events/s')
  print('stream_messages_heard', lags.length, 'messages')
  print('stream_ms', median(lags), 'ms')
  print('stream_p99_ms', percentile(lags, 0.99), 'ms')
  print('stream_loop_ms', delayMs, 'ms')
  print('stream_held_ms', heldMs, 'ms')
  if (streams.some(({ ended }) => ended)) throw new Error('a reader was cut off')
  leaving.abort()
  await feed.close()
  await fleet.close()
}

class Stream {
  /** From the moment an event was recorded to the reader. */
  readonly lagsMs: number[] = []
  ended = false

  static async open(broker: BrokerProcess, signal: AbortSignal): Promise<Stream> {
    const stream = new Stream()
    const response = await broker.request('GET', '/v1/stream', undefined, signal)
    if (!response.ok || response.body === null) throw new Error(`the stream was refused: ${response.status}`)
    stream.#read(response.body).catch(() => {
      stream.ended = !signal.aborted
    })
    return stream
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    for await (const bytes of body) {
      const parts = (text + decoder.decode(bytes, { stream: true })).split('\n\n')
      text = parts.pop() ?? ''
      const now = Date.now()
      for (const part of parts) {
        const at = /"date_time":"([^"]+)"/.exec(part)?.[1]
        if (at !== undefined) this.lagsMs.push(now - Date.parse(at))
      }
    }
    this.ended = true
  }
}
