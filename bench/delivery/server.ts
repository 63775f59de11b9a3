// The process of one side. What it is asked is in the verbs below.
import { readFileSync } from 'node:fs'
import { openDrover } from './drover-side.ts'
import { profileInto } from './profile.ts'
import { openPublish } from './publish-side.ts'
import { openRaw, type RawOrders } from './raw-side.ts'
import { type Side, undrainedBytes } from './side.ts'
import { answerTo, cpuMeter } from './worker.ts'

export type SideName = 'drover' | 'publish' | 'raw'

const sides: Readonly<Record<SideName, (orders: RawOrders) => Promise<Side>>> = {
  drover: openDrover,
  publish: openPublish,
  raw: openRaw,
}

/** How often memory and undrained bytes are looked at, ms. */
const sampleMs = 50

export interface Sample {
  /** Since the watch began. */
  readonly seconds: number
  readonly rssMib: number
  /** Counted at the sockets. */
  readonly undrainedBytes: number
}

const meter = cpuMeter()
let side: Side | undefined
let samples: Sample[] = []
let watching: NodeJS.Timeout | undefined

const verbs = {
  /** Once a process. */
  async open({ name, ...orders }: RawOrders & { readonly name: SideName }): Promise<{ readonly port: number }> {
    side = await sides[name](orders)
    return { port: side.port }
  },
  profile: profileInto,
  cpu: meter,
  /** All threads, user and system, so far. */
  cpuSeconds(): number {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
  figures: () => side?.figures?.(),
  /** Each connection is one. */
  openFilesMax(): number {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return Number(limit ?? Number.NaN)
  },
  /** Devices `device-{from}` and on may hear the session. */
  invite({ session, from, count }: { readonly session: string; readonly from: number; readonly count: number }): void {
    side?.invite?.(
      session,
      Array.from({ length: count }, (_, index) => `device-${from + index}`),
    )
  },
  broadcast: ({ session }: { readonly session: string }) => side?.broadcast?.(session),
  skips: () => side?.skips?.() ?? 0,
  publish: ({ topic, chunks }: { readonly topic: string; readonly chunks: number }) => side?.publish?.(topic, chunks),
  watch(): void {
    samples = []
    const started = performance.now()
    const look = (): void => {
      const seconds = (performance.now() - started) / 1000
      samples.push({ seconds, rssMib: process.memoryUsage.rss() / 2 ** 20, undrainedBytes: undrainedBytes() })
    }
    look()
    watching = setInterval(look, sampleMs)
  },
  watched(): readonly Sample[] {
    clearInterval(watching)
    return samples
  },
}
export type ServerVerbs = typeof verbs

answerTo(verbs)
