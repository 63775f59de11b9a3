// One world: a seed becomes a fleet of real agents, their weather, their releases and their people, around the real
// orchestrator and chunk plane. They live, the weather calms, and everything must come to its end. On the memory store the
// same seed gives the same history, byte for byte.
import type { AgentPorts } from '../../agent/ports.ts'
import type { Execution } from '../../broker/core/records.ts'
import type { Store } from '../../broker/ports.ts'
import type { OperationRequest } from '../../proto/http-api.ts'
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import type { DeviceLook } from '../checkers/checker.ts'
import { images, outboxes, truth, versions } from '../checkers/devices.ts'
import { agentCharacterOf } from './agent-character.ts'
import { type Flaw, type Shelf, shelfOf } from './artifacts.ts'
import type { Patch, Plane } from './broker.ts'
import { begin, calm, repeat } from './course.ts'
import { WorldDevice } from './device.ts'
import { type WeatherKind, type WorldWeather, worldWeatherOf } from './device-weather.ts'
import { Faults } from './faults.ts'
import { outsideStore } from './outside-store.ts'
import { WorldPatches } from './patches.ts'
import { People } from './people.ts'
import { Seed } from './seed.ts'
import { Stage, type Violation } from './stage.ts'
import { dayMs, hourMs } from './weather.ts'
import { Wire, type WireWeather } from './wire.ts'

export interface WorldOptions {
  /** Devices; else 20. */
  readonly agents?: number
  /** Kinds of weather that do not happen. */
  readonly without?: readonly WeatherKind[]
  /** Devices (from 1) that are never switched on. */
  readonly asleep?: readonly number[]
  /** A real store for the broker, new and empty, the caller's to close; else one in memory. */
  readonly store?: Store
  /** The most executions the broker has in progress at once; else drawn. */
  readonly inProgressMax?: number
  readonly keepTranscript?: boolean
  /** Planted mistakes: in the ports of the broker, of an agent, and in the network. */
  readonly patch?: Patch
  readonly patchAgent?: (ports: AgentPorts, device: DeviceId) => AgentPorts
  readonly deliversAfterClose?: boolean
  /** Virtual milliseconds of calm after which everything must have ended; else 30 days. */
  readonly calmMostMs?: number
}

export interface Lived {
  readonly seed: number
  readonly agents: number
  readonly violations: readonly Violation[]
  readonly faults: Faults
  /** Virtual milliseconds. */
  readonly lengthMs: number
  readonly operations: number
  readonly executions: number
  /** Ended executions by code. */
  readonly endings: Readonly<Record<string, number>>
  /** What happened that is no fault: ways that were gone. */
  readonly seen: Readonly<Record<string, number>>
  /** How each execution ended, by operation in the order they were made, and device. */
  readonly outcomes: readonly string[]
  readonly linesCount: number
  /** SHA-256 of every line of the transcript. */
  readonly digest: string
  readonly lastLines: string
  /** All lines, when they were to be kept. */
  readonly transcript: string
}

/** Never rejects for what happens in the world: that is a violation. */
export async function live(number: number, options: WorldOptions = {}): Promise<Lived> {
  const { agents = 20, without = [], calmMostMs = 30 * dayMs } = options
  const seed = new Seed(`world ${number}`)
  const weather = worldWeatherOf(seed.fork('weather'), new Set(without))
  const shelf = shelfFor(seed.fork('releases'), weather)
  const faults = new Faults()
  const patches = patchesFor(seed.fork('patches'), shelf, weather, faults)
  const plane = { ...planeFor(seed.fork('plane'), shelf), patches }
  const { stage, wire, devices } = populate(seed, weather, shelf, plane, options)
  const names = devices.map(({ id }) => id)
  const people = new People(stage, seed.fork('people'), names, catalogueOf(shelf))
  await begun(stage, shelf)
  begin(stage, seed.fork('course'), devices, people)
  disturb(stage, wire, seed.fork('devices'), weather, devices)
  await stage.clock.run(weather.engine.lengthMs, () => stage.failed)
  if (!stage.failed) await calm(stage, devices, people, calmMostMs, () => devices.every(device => device.isDone))
  if (!stage.failed) await stage.end(devices.map(device => device.ending()))
  stage.faults.add(faults)
  return told(number, agents, stage)
}

/** Everybody is there, and nothing has begun. */
export function populate(
  seed: Seed,
  weather: WorldWeather,
  shelf: Shelf,
  plane: Plane,
  options: WorldOptions,
): { readonly stage: Stage; readonly wire: Wire; readonly devices: readonly WorldDevice[] } {
  const { agents = 20, asleep = [] } = options
  const looks = new Map<DeviceId, () => DeviceLook | undefined>()
  const checkers = [images(shelf.sound), versions, truth(device => looks.get(device)?.()), outboxes]
  const { patch, store, keepTranscript = false, inProgressMax } = options
  const stage: Stage = new Stage(seed, weather.engine, {
    ...(patch === undefined ? {} : { patch }),
    ...(store === undefined ? {} : { contents: outsideStore(store, () => stage.clock) }),
    ...(inProgressMax === undefined ? {} : { inProgressMax }),
    keepTranscript,
    linesMax: 30_000 + 2000 * agents,
    checkers,
    plane,
  })
  const wire = wireOf(stage, wireWeatherOf(weather), options.deliversAfterClose ?? false)
  const world = {
    stage,
    wire,
    factory: shelf.factory,
    patch: options.patchAgent ?? ((ports: AgentPorts) => ports),
    looked: (look: DeviceLook) => stage.looked(look),
  }
  const devices = Array.from({ length: agents }, (_, index) => {
    const own = seed.fork(`device ${index + 1}`)
    const character = agentCharacterOf(own, weather)
    return new WorldDevice(`sensor-${index + 1}`, world, own, { ...character, asleep: asleep.includes(index + 1) })
  })
  for (const device of devices) looks.set(device.id, () => device.look())
  return { stage, wire, devices }
}

/** The releases are there, and the broker starts. */
export async function begun(stage: Stage, { releases, rollback }: Shelf): Promise<void> {
  const changes = [...releases, rollback].map(({ release }) => ({ kind: 'put-release', release }) as const)
  await stage.disk.contents.commit(changes)
  stage.startBroker()
}

function shelfFor(seed: Seed, { badReleases }: WorldWeather): Shelf {
  const flaw = (): Flaw => {
    const draw = seed.fraction()
    const which = seed.pick(['signature', 'digest'] as const)
    return draw < badReleases ? which : 'none'
  }
  const [chunkCount, chunkBytes] = [seed.pick([3, 12, 24]), seed.pick([300, 700])]
  const flaws = [flaw(), flaw(), flaw(), 'none'] as const
  const own = seed.fork('deltas')
  const deltas = flaws.map(() => own.chance(0.5))
  const wrong = own.chance(badReleases)
  // A delta that makes another image than it says is found out, and the full image goes in its place.
  const all = flaws.map((each, index) => (each === 'none' && wrong && deltas[index] === true ? 'delta' : each))
  return shelfOf({ chunkCount, chunkBytes, flaws: all, deltas, edited: true })
}

/** None, in some worlds. */
function patchesFor(seed: Seed, { images }: Shelf, { spoiledPatches }: WorldWeather, faults: Faults): WorldPatches {
  const devicesMin = seed.pick([0, 1, 1, 3])
  const makingMostMs = seed.pick([100, 20_000])
  return new WorldPatches(images, devicesMin, () => ({ seed, faults, spoiled: spoiledPatches, makingMostMs }))
}

function planeFor(seed: Seed, shelf: Shelf): Plane {
  const broadcastDevicesMin = seed.pick([0, 2, 3, 50])
  const broadcastGatherMs = seed.pick([0, 2000, 30_000])
  const socketUndrainedBytesMax = seed.pick([4096, 131_072])
  return { artifacts: shelf.artifacts, settings: { broadcastDevicesMin, broadcastGatherMs, socketUndrainedBytesMax } }
}

function wireWeatherOf({ engine, lost, doubled, corrupted }: WorldWeather): WireWeather {
  return {
    latencyMostMs: engine.latencyMostMs,
    lost: Math.max(lost, engine.offerLost / 4),
    doubled,
    corrupted,
    saidTwice: engine.reportTwice,
  }
}

function wireOf(stage: Stage, weather: WireWeather, deliversAfterClose: boolean): Wire {
  const wire = new Wire({
    clock: stage.clock,
    seed: stage.seed.fork('network'),
    faults: stage.faults,
    watch: stage.watch,
    broker: () => stage.broker,
    taken: answer => stage.taken(answer),
    weather,
    deliversAfterClose,
  })
  stage.connectBy(wire)
  return wire
}

/** What there is to install, and what people ask for besides. */
function catalogueOf({ releases, rollback }: Shelf): ConstructorParameters<typeof People>[3] {
  return {
    releases: releases.map(({ release }) => release),
    rollback: rollback.release.id,
    vary: (seed: Seed, request: OperationRequest): OperationRequest => {
      const transport = seed.pick(['auto', 'auto', 'pull', 'broadcast'] as const)
      const retryByPull = seed.chance(0.7)
      const roll = seed.fraction()
      const change = { patch: { interval: seed.whole(1, 100) }, format: 'merge-patch' }
      const { release: _, ...command } = request
      if (request.type === firmwareUpdate && roll > 0.15)
        return { ...request, policy: { ...request.policy, delivery: { transport, retryByPull } } }
      if (roll > 0.08) return { ...command, type: 'config-change', arguments: change }
      return { ...command, type: seed.pick(['config-backup', 'reboot']) }
    },
  }
}

/** What happens to devices while the weather lasts, besides what happens to their connections. */
function disturb(stage: Stage, wire: Wire, seed: Seed, weather: WorldWeather, devices: readonly WorldDevice[]): void {
  const { clock } = stage
  const often = (purpose: string, everyMs: number | undefined, action: (seed: Seed) => void): void => {
    const own = seed.fork(purpose)
    repeat(stage, own, everyMs, () => action(own))
  }
  const isLasting = (): boolean => clock.trueMs < weather.engine.lengthMs
  often('partitions', weather.partitionEveryMs, own => {
    const cutOff = own.some(devices, own.pick([0.2, 0.5, 1])).map(({ id }) => id)
    stage.faults.fired('partition')
    stage.tell(`${cutOff.length} devices are cut off`)
    wire.partition(cutOff)
    clock.after(own.whole(5000, own.pick([60_000, hourMs])), () => wire.reunite())
  })
  often('power', weather.powerCutEveryMs, own => own.pick(devices).cutPower())
  often('disks', weather.deviceFullEveryMs, own => {
    const device = own.pick(devices)
    device.fill(own.pick([0, own.whole(0, 20_000)]), own.chance(0.3))
    clock.after(own.whole(10_000, hourMs), () => device.makeRoom())
  })
  often('clocks', weather.clockJumpEveryMs, own => {
    const byMs = own.chance(0.3) ? own.whole(1, 30) * 365 * dayMs : own.whole(1, 48) * hourMs
    if (isLasting()) own.pick(devices).jumpClock(own.chance(0.5) ? byMs : -byMs)
  })
}

/** Ended executions that brought a signed delta, by whether the image came of it. */
function deltasIn(executions: readonly Execution[]): readonly (readonly [string, number])[] {
  const brought = executions.filter(({ offered }) => offered?.format === 'delta-zstd')
  const done = brought.filter(({ state }) => state === 'completed').length
  return [
    ['delta installed', done],
    ['delta failed', executions.filter(({ deltaFailed }) => deltaFailed === true).length],
  ]
}

export function told(seed: number, agents: number, stage: Stage): Lived {
  const { violations, faults, clock, ledger, transcript } = stage
  const operations = [...ledger.operations.keys()]
  const executions: readonly Execution[] = operations.flatMap(id => ledger.executions(id))
  const endings: Record<string, number> = {}
  for (const { code } of executions) if (code !== undefined) endings[code] = (endings[code] ?? 0) + 1
  const outcomes = operations.flatMap((id, index) =>
    ledger
      .executions(id)
      .map(({ device, state, code }) => `${index + 1} ${deviceId(device)} ${state} ${code ?? ''}`)
      .sort(),
  )
  return {
    seed,
    agents,
    violations,
    faults,
    lengthMs: clock.trueMs,
    operations: operations.length,
    executions: executions.length,
    endings,
    seen: Object.fromEntries([...stage.seen, ...deltasIn(executions)]),
    outcomes,
    linesCount: transcript.count,
    digest: transcript.digest(),
    lastLines: transcript.last,
    transcript: transcript.text,
  }
}
