// What a chunk costs the broker when devices pull: the chunk plane beside a subscriber that answers the same requests
// with `aedes.publish`, beside one request per chunk, and beside a bare server that writes the same buffers. CPU is that
// of the process that answers, all threads; the devices are in another one. Turn about; ratios within each round.
import { Opened } from '../engine/opened.ts'
import { median, type Print } from '../engine/printing.ts'
import type { PullerOrders } from './puller-group.ts'
import type { PullerVerbs } from './pullers.ts'
import { type SelfSigned, selfSigned } from './self-signed.ts'
import type { ServerVerbs, SideName } from './server.ts'
import type { DeliveryBenchSettings } from './settings.ts'
import { medianRatio, turnAbout, Worker } from './worker.ts'

/** Of the aims; and what the agent asks for at once unless told otherwise. */
const windowChunks = 8
const wideWindowBytes = 256 * 1024
/** Each of the rounds that do not count is so much longer. */
const warmUpTimes = 3

interface Cell {
  readonly chunkKib: number
  readonly tls: SelfSigned | undefined
}

interface Way {
  readonly side: SideName
  /** The process it is measured in, when it is not that of the side's other ways. */
  readonly process?: string
  readonly windowChunks: number
  readonly peer?: string
}

interface Figures {
  readonly cpuPerChunk: number
  readonly mibPerSecond: number
}

export async function measurePull(settings: DeliveryBenchSettings, print: Print): Promise<void> {
  const tls = selfSigned()
  const sizes = settings.quick ? [4] : [4, 16, 32, 64]
  const cells: readonly Cell[] = [
    ...sizes.map(chunkKib => ({ chunkKib, tls: undefined })),
    ...(settings.quick ? [64] : [4, 32, 64]).map(chunkKib => ({ chunkKib, tls })),
  ]
  for (const cell of cells) await Opened.during(opened => measureCell(opened, cell, settings, print))
}

function waysOf({ chunkKib, tls }: Cell): Readonly<Record<string, Way>> {
  const wide = Math.max(windowChunks, wideWindowBytes / 1024 / chunkKib)
  return {
    drover: { side: 'drover', windowChunks },
    publish: { side: 'publish', windowChunks, peer: 'aedes.publish' },
    raw: { side: 'raw', windowChunks, peer: 'bare net server' },
    ...(tls === undefined && { one: { side: 'publish', windowChunks: 1, peer: 'aedes.publish, one request a chunk' } }),
    ...(wide > windowChunks &&
      tls === undefined && {
        droverWide: { side: 'drover', windowChunks: wide },
        publishWide: { side: 'publish', windowChunks: wide, peer: 'aedes.publish' },
        rawWide: { side: 'raw', process: 'rawWide', windowChunks: wide, peer: 'bare net server' },
      }),
  }
}

async function measureCell(
  opened: Opened,
  cell: Cell,
  { devices, seconds, rounds, profile }: DeliveryBenchSettings,
  print: Print,
): Promise<void> {
  const { chunkKib, tls } = cell
  const chunkBytes = chunkKib * 1024
  const ways = waysOf(cell)
  const pullers = Worker.start<PullerVerbs>('pullers')
  opened.add(() => pullers.close())
  const servers = new Map<string, { readonly server: Worker<ServerVerbs>; readonly port: number }>()
  for (const way of Object.values(ways)) {
    const name = processOf(way)
    if (servers.has(name)) continue
    const server = Worker.start<ServerVerbs>('server')
    opened.add(() => server.close())
    const orders = { name: way.side, chunkBytes, windowChunks: way.windowChunks, ...(tls && { tls }) }
    servers.set(name, { server, ...(await server.ask('open', orders)) })
  }
  const serverOf = (way: Way) => servers.get(processOf(way)) as { server: Worker<ServerVerbs>; port: number }
  for (const [group, way] of Object.entries(ways)) {
    // Each group has device ids of its own: two of them may be on one broker.
    const from = Object.keys(ways).indexOf(group) * 100_000
    const orders: PullerOrders = {
      port: serverOf(way).port,
      tls: tls !== undefined,
      from,
      count: devices,
      chunkBytes,
      windowChunks: way.windowChunks,
      reads: 'all',
    }
    await pullers.ask('connect', { group, ...orders })
  }
  if (profile !== undefined)
    for (const [name, { server }] of servers) {
      const cellName = `${chunkKib}k${tls === undefined ? '' : '-tls'}`
      await server.ask('profile', { folder: profile, name: `pull-${name}-${cellName}` })
    }
  const kept = await turnAbout(rounds, Object.keys(ways), async (group, isWarmUp): Promise<Figures> => {
    const { server } = serverOf(ways[group] as Way)
    await server.ask('cpu')
    const { chunks } = await pullers.ask('pullFor', { group, seconds: isWarmUp ? seconds * warmUpTimes : seconds })
    const taken = await server.ask('cpu')
    return {
      cpuPerChunk: taken.cpuSeconds / chunks,
      mibPerSecond: (chunks * chunkBytes) / 2 ** 20 / taken.seconds,
    }
  })
  printCell(cell, ways, kept, print)
}

function processOf({ process, side }: Way): string {
  return process ?? side
}

function printCell(
  { chunkKib, tls }: Cell,
  ways: Readonly<Record<string, Way>>,
  kept: Readonly<Record<string, readonly Figures[]>>,
  print: Print,
): void {
  const suffix = `_${chunkKib}k${tls === undefined ? '' : '_tls'}`
  const costs = (group: string): readonly number[] => (kept[group] ?? []).map(({ cpuPerChunk }) => cpuPerChunk)
  for (const [group, { windowChunks: chunks, peer }] of Object.entries(ways)) {
    const window = group.endsWith('Wide') ? `_window_${(chunks * chunkKib).toFixed(0)}k` : ''
    const cost = median(costs(group))
    print(`pull_cpu_us_per_chunk${suffix}${window}`, cost * 1e6, 'us', peer)
    print(`pull_cpu_seconds_per_mib${suffix}${window}`, (cost * 1024) / chunkKib, 's', peer)
    print(
      `pull_throughput${suffix}${window}`,
      median((kept[group] ?? []).map(({ mibPerSecond }) => mibPerSecond)),
      'MiB/s',
      peer,
    )
  }
  const ours = costs('drover')
  print(`pull_ratio_vs_publish${suffix}`, medianRatio(costs('publish'), ours), 'x')
  if (ways.one !== undefined) {
    const ratio = medianRatio(costs('one'), ours)
    print(`pull_ratio_vs_one_request_per_chunk${suffix}`, ratio, 'x')
    // The figure by which a version is judged.
    if (chunkKib === 4) print('pull_ratio_vs_one_request_per_chunk', ratio, 'x')
  }
  print(`pull_share_of_raw${suffix}`, medianRatio(costs('raw'), ours), 'x')
  if (ways.droverWide === undefined) return
  const wide = costs('droverWide')
  print(`pull_ratio_vs_publish${suffix}_wide`, medianRatio(costs('publishWide'), wide), 'x')
  if (ways.one !== undefined)
    print(`pull_ratio_vs_one_request_per_chunk${suffix}_wide`, medianRatio(costs('one'), wide), 'x')
  print(`pull_share_of_raw${suffix}_wide`, medianRatio(costs('rawWide'), wide), 'x')
}
