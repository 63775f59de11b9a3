// What goes wrong in a world with real agents, kind by kind: each kind draws from a stream of its own, so that one can be
// switched off and all the others stay as they were. That is how a failing world is made small.
import type { Seed } from './seed.ts'
import { hourMs, type Weather, weatherOf } from './weather.ts'

export const weatherKinds = [
  'latency',
  'slow links',
  'loss',
  'doubling',
  'corruption',
  'connection cuts',
  'partitions',
  'broker deaths',
  'broker disk',
  'broker clock',
  'power cuts',
  'torn flash',
  'lost journals',
  'full devices',
  'device clocks',
  'bad trials',
  'crashing images',
  'bad releases',
  'spoiled patches',
  'liars',
  'doubts',
  'late devices',
  'people',
] as const
export type WeatherKind = (typeof weatherKinds)[number]

/** Milliseconds between two of a kind on average, over the whole fleet; absent: it does not happen. Shares in [0, 1]. */
export interface WorldWeather {
  readonly engine: Weather
  readonly lost: number
  readonly doubled: number
  readonly corrupted: number
  /** Of devices, behind a link that is slow. */
  readonly slowLinks: number
  readonly partitionEveryMs?: number
  readonly powerCutEveryMs?: number
  /** Of starts after which the power goes in the middle of a write. */
  readonly cutInWrite: number
  /** Of power cuts that leave something of what was not synced, in any order, the last sector torn. */
  readonly torn: number
  /** Of power cuts after which the journal is gone. */
  readonly journalLost: number
  readonly deviceFullEveryMs?: number
  readonly clockJumpEveryMs?: number
  /** Of devices: unhealthy in trials, crashing in them, saying another digest than they have, asking their owner. */
  readonly badTrials: number
  readonly crashing: number
  readonly lying: number
  readonly doubting: number
  readonly late: number
  /** Of releases. */
  readonly badReleases: number
  /** Of reads of the patches that the broker has made. */
  readonly spoiledPatches: number
}

export function worldWeatherOf(seed: Seed, without: ReadonlySet<WeatherKind>, lengthMs?: number): WorldWeather {
  const drawn = weatherOf(seed.fork('engine'))
  const length = lengthMs ?? Math.min(drawn.lengthMs, 12 * hourMs)
  const share = (kind: WeatherKind, shares: readonly number[]): number => {
    const found = seed.fork(kind).pick(shares)
    return without.has(kind) ? 0 : found
  }
  const every = <Name extends string>(name: Name, kind: WeatherKind, probability: number, times: readonly number[]) => {
    const own = seed.fork(kind)
    const happens = own.chance(probability) && !without.has(kind)
    const found = Math.round(length / own.pick(times))
    return (happens ? { [name]: found } : {}) as { readonly [key in Name]?: number }
  }
  return {
    engine: engineWeather({ ...drawn, lengthMs: length }, without),
    lost: share('loss', [0, 0, 0.01, 0.05, 0.2]),
    doubled: share('doubling', [0, 0, 0.02, 0.2]),
    corrupted: share('corruption', [0, 0, 0.01, 0.05]),
    slowLinks: share('slow links', [0, 0.3, 1]),
    ...every('partitionEveryMs', 'partitions', 0.4, [1, 3, 6]),
    ...every('powerCutEveryMs', 'power cuts', 0.7, [3, 10, 30, 100]),
    cutInWrite: without.has('power cuts') ? 0 : share('power cuts', [0, 0.1, 0.4]),
    torn: share('torn flash', [0, 0.5, 1]),
    journalLost: share('lost journals', [0, 0, 0.1, 0.4]),
    ...every('deviceFullEveryMs', 'full devices', 0.4, [3, 10]),
    ...every('clockJumpEveryMs', 'device clocks', 0.4, [3, 10]),
    badTrials: share('bad trials', [0, 0.1, 0.4]),
    crashing: share('crashing images', [0, 0, 0.2]),
    lying: share('liars', [0, 0, 0.15]),
    doubting: share('doubts', [0, 0, 0.3]),
    late: share('late devices', [0, 0.1]),
    badReleases: share('bad releases', [0, 0.25, 0.5]),
    spoiledPatches: share('spoiled patches', [0, 0, 0.2]),
  }
}

function engineWeather(drawn: Weather, without: ReadonlySet<WeatherKind>): Weather {
  const { killEveryMs, diskFullEveryMs, jumpEveryMs, offlineEveryMs, ...rest } = drawn
  const off = (kind: WeatherKind) => without.has(kind)
  return {
    ...rest,
    ...(killEveryMs === undefined || off('broker deaths') ? {} : { killEveryMs }),
    ...(diskFullEveryMs === undefined || off('broker disk') ? {} : { diskFullEveryMs }),
    ...(jumpEveryMs === undefined || off('broker clock') ? {} : { jumpEveryMs }),
    ...(offlineEveryMs === undefined || off('connection cuts') ? {} : { offlineEveryMs }),
    ...(off('broker disk') ? { writeMostMs: 0 } : {}),
    ...(off('latency') ? { latencyMostMs: 1 } : {}),
    ...(off('loss') ? { offerLost: 0 } : {}),
    ...(off('doubling') ? { reportTwice: 0 } : {}),
    ...(off('people') ? { peopleEveryMs: Number.POSITIVE_INFINITY } : {}),
  }
}
