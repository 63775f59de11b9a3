// Who does not read disturbs nobody: a device that asks for everything and reads nothing, and ten that read slowly, among
// 500. How long the healthy ones need with them and without, pair by pair; and how long an unrelated client waits for the
// answer to a ping meanwhile.

import { Opened } from '../engine/opened.ts'
import { median, type Print, percentile } from '../engine/printing.ts'
import { Pings } from '../pings.ts'
import type { PullerOrders } from './puller-group.ts'
import type { PullerVerbs } from './pullers.ts'
import type { ServerVerbs } from './server.ts'
import type { DeliveryBenchSettings } from './settings.ts'
import { Worker } from './worker.ts'

const chunkBytes = 16 * 1024
const windowChunks = 16
const windowsOfNaggers = 4
const slowCount = 10
/** Every tenth of a second. */
const slowBytes = 1024

export function measureFrozen(settings: DeliveryBenchSettings, print: Print): Promise<void> {
  return Opened.during(opened => measure(opened, settings, print))
}

async function measure(
  opened: Opened,
  { devices, pairs, frozenMib, profile }: DeliveryBenchSettings,
  print: Print,
): Promise<void> {
  const server = Worker.start<ServerVerbs>('server')
  opened.add(() => server.close())
  const { port } = await server.ask('open', { name: 'drover', chunkBytes, windowChunks })
  const healthy = Worker.start<PullerVerbs>('pullers')
  const naggers = Worker.start<PullerVerbs>('pullers')
  opened.add(() => Promise.all([healthy.close(), naggers.close()]))
  const common = { port, tls: false, chunkBytes, windowChunks } as const
  const count = Math.max(1, devices - slowCount - 1)
  await healthy.ask('connect', { group: 'healthy', ...common, from: 0, count, reads: 'all' })
  if (profile !== undefined) await server.ask('profile', { folder: profile, name: 'frozen' })
  const windows = Math.max(1, Math.round((frozenMib * 2 ** 20) / (chunkBytes * windowChunks)))
  const pings = await Pings.open(port)
  opened.add(async () => pings.close())

  const run = async (disturbed: boolean): Promise<{ readonly seconds: number; readonly pings: readonly number[] }> => {
    if (disturbed) await disturb(naggers, common)
    await pings.taken()
    const { seconds } = await healthy.ask('pullWindows', { group: 'healthy', windows })
    const taken = await pings.taken()
    if (disturbed) for (const group of ['frozen', 'slow']) await naggers.ask('disconnect', { group })
    return { seconds, pings: taken }
  }
  await run(false)
  const ratios: number[] = []
  const alone: number[] = []
  const waits: number[] = []
  const waitsAlone: number[] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    // Turn about who is first.
    const first = await run(pair % 2 === 0)
    const second = await run(pair % 2 !== 0)
    const [disturbed, calm] = pair % 2 === 0 ? [first, second] : [second, first]
    ratios.push(disturbed.seconds / calm.seconds)
    alone.push(calm.seconds)
    waits.push(...disturbed.pings)
    waitsAlone.push(...calm.pings)
  }
  print('frozen_slowdown_ratio', median(ratios), 'x')
  print('frozen_slowdown_ratio_worst', Math.max(...ratios), 'x')
  print('frozen_seconds_without', median(alone), 's')
  print('frozen_ping_p99_ms', percentile(waits, 0.99), 'ms')
  print('frozen_ping_p99_ms_without', percentile(waitsAlone, 0.99), 'ms')
}

/** They have asked for all they may, and the broker has written what they let it. */
async function disturb(
  naggers: Worker<PullerVerbs>,
  common: Omit<PullerOrders, 'from' | 'count' | 'reads'>,
): Promise<void> {
  await naggers.ask('connect', { group: 'frozen', ...common, from: 100_000, count: 1, reads: 'none' })
  await naggers.ask('connect', { group: 'slow', ...common, from: 200_000, count: slowCount, reads: slowBytes })
  for (const group of ['frozen', 'slow']) await naggers.ask('nag', { group, windows: windowsOfNaggers })
}
