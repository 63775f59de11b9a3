// One history: a seed becomes a fleet, its weather and its people; they live, the weather calms, and everything must come
// to its end. The same seed gives the same history, byte for byte.
import type { Execution } from '../../broker/core/records.ts'
import { begin, calm } from '../world/course.ts'
import type { Faults } from '../world/faults.ts'
import { People } from '../world/people.ts'
import { Seed } from '../world/seed.ts'
import { Stage, type StageOptions, type Violation } from '../world/stage.ts'
import { dayMs, weatherOf } from '../world/weather.ts'
import { characterOf } from './character.ts'
import { ScriptedDevice } from './device.ts'
import { releases, rollbackRelease } from './releases.ts'
import { ScriptedWorld } from './scripted-world.ts'

export interface History {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly faults: Faults
  /** Virtual milliseconds. */
  readonly lengthMs: number
  readonly operations: number
  readonly executions: number
  /** Ended executions by code. */
  readonly endings: Readonly<Record<string, number>>
  /** What the policies decided by themselves: action and kind of rule. */
  readonly decisions: Readonly<Record<string, number>>
  readonly linesCount: number
  /** SHA-256 of every line of the transcript. */
  readonly digest: string
  readonly lastLines: string
  /** All lines, when they were to be kept. */
  readonly transcript: string
}

export interface HistoryOptions extends StageOptions {
  readonly deliversAfterClose?: boolean
  /** Virtual milliseconds of calm after which everything must have ended; else 30 days. */
  readonly calmMostMs?: number
}

export async function history(number: number, options: HistoryOptions = {}): Promise<History> {
  const seed = new Seed(`history ${number}`)
  const weather = weatherOf(seed.fork('weather'))
  const stage = new Stage(seed, weather, options)
  const world = new ScriptedWorld(stage, options.deliversAfterClose ?? false)
  const trouble = seed.pick([0, 0.5, 1, 1])
  const devices = Array.from({ length: seed.whole(5, seed.pick([8, 8, 15, 30])) }, (_, index) => {
    const own = seed.fork(`device ${index}`)
    const device = new ScriptedDevice(`sensor-${index + 1}`, world, own, characterOf(own, trouble))
    device.reportTwice = weather.reportTwice
    return device
  })
  const names = devices.map(({ id }) => id)
  const people = new People(stage, seed.fork('people'), names, { releases, rollback: rollbackRelease.id })
  await stage.disk.contents.commit(
    [...releases, rollbackRelease].map(release => ({ kind: 'put-release', release }) as const),
  )
  stage.startBroker()
  begin(stage, seed.fork('course'), devices, people)
  await stage.clock.run(weather.lengthMs, () => stage.failed)
  if (!stage.failed) await calm(stage, devices, people, options.calmMostMs ?? 30 * dayMs)
  if (!stage.failed) await stage.end()
  return told(number, stage)
}

function told(seed: number, { violations, faults, clock, ledger, transcript }: Stage): History {
  const executions: readonly Execution[] = [...ledger.operations.keys()].flatMap(id => ledger.executions(id))
  const endings: Record<string, number> = {}
  for (const { code } of executions) if (code !== undefined) endings[code] = (endings[code] ?? 0) + 1
  const decisions: Record<string, number> = {}
  for (const { actor, action } of ledger.audits) {
    if (actor.kind !== 'policy' || actor.rule === 'operation') continue
    const name = `${action} by ${actor.rule.split('.')[0]}`
    decisions[name] = (decisions[name] ?? 0) + 1
  }
  return {
    seed,
    violations,
    faults,
    lengthMs: clock.trueMs,
    operations: ledger.operations.size,
    executions: executions.length,
    endings,
    decisions,
    linesCount: transcript.count,
    digest: transcript.digest(),
    lastLines: transcript.last,
    transcript: transcript.text,
  }
}
