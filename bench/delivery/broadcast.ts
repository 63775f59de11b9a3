// What one chunk costs the broker when all subscribers get it: the carousel beside the fan-out of `aedes.publish`, beside
// mosquitto where it is installed, and beside a bare server that writes the same buffers: less the kernel does not take. Mosquitto's chunks come from a publisher outside, so Aedes is also measured with
// one; the carousel has its chunks from the artifact. A delivery is one chunk at one subscriber, counted by their bytes.
import { sessionTopic } from '../../proto/topics.ts'
import { Opened } from '../engine/opened.ts'
import { median, type Print } from '../engine/printing.ts'
import type { ListenerVerbs } from './listeners.ts'
import { Mosquitto } from './mosquitto.ts'
import { type SelfSigned, selfSigned } from './self-signed.ts'
import type { ServerVerbs } from './server.ts'
import type { DeliveryBenchSettings } from './settings.ts'
import { medianRatio, turnAbout, Worker } from './worker.ts'

/**
 * Deliveries of one measurement, by the KiB of a chunk: 800 MB, which the kernel takes without running short of what it
 * has for sockets, wherever the subscribers are with their reading.
 */
const deliveriesOf: Readonly<Record<number, number>> = { 4: 200_000, 32: 24_000 }
/** Of them, what a peer is measured with: he takes longer. */
const shareOfPeers: Readonly<Record<number, number>> = { 4: 0.25, 32: 1 }
/** Chunks that are on their way at once from a publisher outside: all subscribers' sockets hold so much. */
const aheadOf: Readonly<Record<number, number>> = { 4: 8, 32: 2 }
/** Of a packet's body, all that is not the chunk: topic, and head of the message. */
const headBytes = 2 + sessionTopic('0'.repeat(16), 'data').length + 20

interface Cell {
  readonly subscribers: number
  readonly tls: SelfSigned | undefined
}

interface Figures {
  readonly cpuPerDelivery: number
  readonly perSecond: number
  readonly share: number
}

/** One side of a cell. */
interface Sender {
  readonly group: string
  /** Where its subscribers are: one process has not files enough for those of all. */
  readonly listeners: Worker<ListenerVerbs>
  readonly peer?: string
  /** Sent to all in one measurement. */
  readonly chunks: number
  prepare?(session: string): Promise<void>
  /** Resolves when all have heard them. */
  send(session: string): Promise<void>
  /** Of the broker. */
  cpuSeconds(): Promise<number>
}

export async function measureBroadcast(settings: DeliveryBenchSettings, print: Print): Promise<void> {
  const tls = selfSigned()
  const { quick, subscribers, subscribersMany } = settings
  const cells: readonly Cell[] = [
    { subscribers, tls: undefined },
    ...(quick ? [] : [{ subscribers: subscribersMany, tls: undefined }]),
    { subscribers, tls },
  ]
  // The figures by which a version is judged: the worse of the plain cells.
  const least = new Map<string, number>()
  const noting: Print = (metric, value, unit, peer) => {
    const judged = /^(broadcast_ratio_vs_(?:publish|mosquitto)_\d+k)_\d+$/.exec(metric)?.[1]
    if (judged !== undefined) least.set(judged, Math.min(value, least.get(judged) ?? value))
    print(metric, value, unit, peer)
  }
  for (const cell of cells)
    for (const chunkKib of quick ? [cell.tls === undefined ? 4 : 32] : [4, 32])
      await Opened.during(opened => measureCell(opened, cell, chunkKib, settings, noting))
  for (const [metric, value] of least) print(metric, value, 'x')
}

async function measureCell(
  opened: Opened,
  cell: Cell,
  chunkKib: number,
  settings: DeliveryBenchSettings,
  print: Print,
): Promise<void> {
  const { subscribers, tls } = cell
  const chunkBytes = chunkKib * 1024
  const wanted = settings.quick ? subscribers * 4 : (deliveriesOf[chunkKib] ?? 0)
  const chunks = Math.min(Math.max(4, Math.round(wanted / subscribers)), (16 * 1024) / chunkKib)
  const suffix = `_${chunkKib}k_${subscribers}${tls === undefined ? '' : '_tls'}`
  const senders = await openSenders(opened, { cell, chunkBytes, chunks, settings, suffix })
  let run = 0
  const kept = await turnAbout(settings.rounds, Object.keys(senders), async (name): Promise<Figures> => {
    const sender = senders[name] as Sender
    run += 1
    const session = run.toString(16).padStart(16, '0')
    await sender.prepare?.(session)
    const { group, listeners } = sender
    await listeners.ask('subscribe', { group, topics: topicsOf(session, name) })
    await listeners.ask('heard', { group })
    const before = await sender.cpuSeconds()
    const started = performance.now()
    await sender.send(session)
    const seconds = (performance.now() - started) / 1000
    const cpuSeconds = (await sender.cpuSeconds()) - before
    const { bytes, packets } = await listeners.ask('heard', { group })
    const deliveries = (bytes - packets * headBytes) / chunkBytes
    return {
      cpuPerDelivery: cpuSeconds / deliveries,
      perSecond: deliveries / seconds,
      share: deliveries / (sender.chunks * subscribers),
    }
  })
  printCell(suffix, senders, kept, print)
}

/** Words of a session come on a topic of their own; a peer has none. */
function topicsOf(session: string, name: string): readonly string[] {
  const data = sessionTopic(session, 'data')
  return name === 'drover' ? [sessionTopic(session, 'control'), data] : [data]
}

interface CellParts {
  readonly cell: Cell
  readonly chunkBytes: number
  readonly chunks: number
  readonly settings: DeliveryBenchSettings
  readonly suffix: string
}

async function openSenders(opened: Opened, parts: CellParts): Promise<Readonly<Record<string, Sender>>> {
  const { cell, chunks, chunkBytes } = parts
  const started = (): Worker<ListenerVerbs> => {
    const worker = Worker.start<ListenerVerbs>('listeners')
    opened.add(() => worker.close())
    return worker
  }
  const [listeners, ofBare] = [started(), started()]
  const { subscribers: count, tls } = cell
  const peerChunks = Math.max(2, Math.round(chunks * (shareOfPeers[chunkBytes / 1024] ?? 1)))
  const connect = (group: string, port: number, to = listeners): Promise<void> =>
    to.ask('connect', { group, port, tls: tls !== undefined, from: 0, count })
  const ahead = aheadOf[chunkBytes / 1024] ?? 1
  const published =
    (group: string, sent: number): Sender['send'] =>
    session =>
      listeners.ask('publish', { group, topic: sessionTopic(session, 'data'), chunks: sent, chunkBytes, ahead })

  const drover = await openServer(opened, parts, 'drover')
  await connect('drover', drover.port)
  const publish = await openServer(opened, parts, 'publish')
  await connect('publish', publish.port)
  const bare = await openServer(opened, parts, 'raw')
  await connect('raw', bare.port, ofBare)
  const folder = parts.settings.profile
  if (folder !== undefined)
    for (const { name, server } of [
      { name: 'drover', ...drover },
      { name: 'publish', ...publish },
    ])
      await server.ask('profile', { folder, name: `broadcast-${name}${parts.suffix}` })
  const mosquitto = await Mosquitto.start(tls)
  if (mosquitto !== undefined) {
    opened.add(() => mosquitto.close())
    await connect('mosquitto', mosquitto.port)
  }
  return {
    drover: {
      group: 'drover',
      listeners,
      chunks,
      prepare: session => drover.server.ask('invite', { session, from: 0, count }),
      async send(session) {
        // START and END, to each.
        const heard = listeners.ask('until', { group: 'drover', packets: 0, small: 2 * count })
        await drover.server.ask('broadcast', { session })
        await heard
      },
      cpuSeconds: drover.cpuSeconds,
    },
    publish: {
      group: 'publish',
      listeners,
      peer: 'aedes.publish',
      chunks: peerChunks,
      async send(session) {
        const heard = listeners.ask('until', { group: 'publish', packets: peerChunks * count, small: 0 })
        await publish.server.ask('publish', { topic: sessionTopic(session, 'data'), chunks: peerChunks })
        await heard
      },
      cpuSeconds: publish.cpuSeconds,
    },
    outside: {
      group: 'publish',
      listeners,
      peer: 'aedes, publisher outside',
      chunks: peerChunks,
      send: published('publish', peerChunks),
      cpuSeconds: publish.cpuSeconds,
    },
    raw: {
      group: 'raw',
      listeners: ofBare,
      peer: 'bare net server',
      chunks,
      async send(session) {
        const heard = ofBare.ask('until', { group: 'raw', packets: chunks * count, small: 0 })
        await bare.server.ask('broadcast', { session })
        await heard
      },
      cpuSeconds: bare.cpuSeconds,
    },
    ...(mosquitto !== undefined && {
      mosquitto: {
        group: 'mosquitto',
        listeners,
        peer: 'mosquitto',
        chunks: peerChunks,
        send: published('mosquitto', peerChunks),
        cpuSeconds: () => mosquitto.cpuSeconds(),
      },
    }),
  }
}

async function openServer(
  opened: Opened,
  { cell: { tls }, chunkBytes, chunks }: CellParts,
  name: 'drover' | 'publish' | 'raw',
): Promise<{
  readonly server: Worker<ServerVerbs>
  readonly port: number
  readonly cpuSeconds: () => Promise<number>
}> {
  const server = Worker.start<ServerVerbs>('server')
  opened.add(() => server.close())
  const orders = { name, chunkBytes, windowChunks: 1, imageBytes: chunks * chunkBytes, ...(tls && { tls }) }
  const { port } = await server.ask('open', orders)
  return { server, port, cpuSeconds: () => server.ask('cpuSeconds') }
}

function printCell(
  suffix: string,
  senders: Readonly<Record<string, Sender>>,
  kept: Readonly<Record<string, readonly Figures[]>>,
  print: Print,
): void {
  const costs = (name: string): readonly number[] => (kept[name] ?? []).map(({ cpuPerDelivery }) => cpuPerDelivery)
  for (const [name, { peer }] of Object.entries(senders)) {
    const figures = kept[name] ?? []
    const cost = median(costs(name))
    print(`broadcast_cpu_us_per_delivery${suffix}`, cost * 1e6, 'us', peer)
    print(`broadcast_deliveries_per_cpu_second${suffix}`, 1 / cost, '/s', peer)
    print(`broadcast_deliveries_per_second${suffix}`, median(figures.map(({ perSecond }) => perSecond)), '/s', peer)
  }
  const share = median((kept.drover ?? []).map(({ share: heard }) => heard))
  print(`broadcast_heard_percent${suffix}`, share * 100, '%')
  const ours = costs('drover')
  print(`broadcast_ratio_vs_publish${suffix}`, medianRatio(costs('publish'), ours), 'x')
  print(`broadcast_ratio_vs_publish_from_outside${suffix}`, medianRatio(costs('outside'), ours), 'x')
  print(`broadcast_share_of_raw${suffix}`, medianRatio(costs('raw'), ours), 'x')
  print(`broadcast_raw_ratio_vs_publish${suffix}`, medianRatio(costs('publish'), costs('raw')), 'x', 'bare net server')
  if (senders.mosquitto === undefined) console.error('mosquitto is not installed: nothing to compare with')
  else print(`broadcast_ratio_vs_mosquitto${suffix}`, medianRatio(costs('mosquitto'), ours), 'x')
}
