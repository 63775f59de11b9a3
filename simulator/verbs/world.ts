// The verb `world`: lives worlds by their seeds, in virtual time, and tells of those in which a checker found something,
// made as small as they can be.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LevelStore } from '../../broker/adapters/level-store.ts'
import { type WeatherKind, weatherKinds } from '../world/device-weather.ts'
import { replayLine, shrink } from '../world/shrink.ts'
import { storm, stormDefaults } from '../world/storm.ts'
import { type Lived, live, type WorldOptions } from '../world/world.ts'
import { exits, UsageError, type VerbHost } from './verb-host.ts'

export const help = `drover-simulator world: the real orchestrator and real agents in virtual time

Usage: drover-simulator world [--seed N | --seeds A..B] [flags]

A seed decides everything: the fleet, its weather (lost and spoiled messages, partitions, power cuts in the middle of a
write, torn flash, full disks, wrong clocks, dying brokers, lying devices), the releases, the people and what they ask
for. Checkers look on all the while. The same seed gives the same history, byte for byte.

  --seed N            this world (default 1)
  --seeds A..B        these, one after the other
  --until-failure     from the first seed on, until a checker finds something
  --agents N          devices of each world, 1 to 1000 (default 20)
  --calm              no weather at all
  --without KINDS     without these kinds of weather, with commas between them:
                      ${weatherKinds.slice(0, 8).join(', ')},
                      ${weatherKinds.slice(8, 16).join(', ')},
                      ${weatherKinds.slice(16).join(', ')}
  --asleep NUMBERS    devices that are never switched on, e.g. 3,4
  --store KIND        memory (default), or level: LevelDB in a folder that is removed afterwards; what happens is then
                      the same for every device, though not byte for byte
  --no-shrink         tell of a failure as it is found
  --story             every step of every world, not only the last hundred of one that fails
  --storm             one update to ${stormDefaults.agents} agents (--agents) at once, in ${stormDefaults.chunkCount} chunks
  --json              one line of JSON a world

Examples
  drover-simulator world --seed 17
  drover-simulator world --seeds 1..200 --agents 10
  drover-simulator world --seed 1 --until-failure
  drover-simulator world --seed 42 --agents 20 --without 'loss,people' --asleep 1,2,3 --story

Exit codes: 0 nothing was found · 1 a checker found something · 2 command line · 130 interrupted
`

interface Wishes {
  readonly first: number
  readonly last: number
  readonly untilFailure: boolean
  readonly options: WorldOptions
  readonly level: boolean
  readonly shrinks: boolean
  readonly storm: boolean
  readonly json: boolean
}

const seedMost = 2 ** 31

export async function world(args: readonly string[], host: VerbHost): Promise<number> {
  const wishes = wishesOf(args)
  let failures = 0
  for (let seed = wishes.first; seed <= wishes.last && !host.signal.aborted; seed += 1) {
    const lived = await lifeOf(seed, wishes, wishes.options)
    tell(lived, wishes, host)
    if (lived.violations.length === 0) continue
    failures += 1
    if (wishes.shrinks && !wishes.storm) {
      const again = (options: WorldOptions) => lifeOf(seed, wishes, options)
      const { options, lived: small, tries } = await shrink(lived, wishes.options, again, () => !host.signal.aborted)
      host.stderr.write(`made small in ${tries} worlds\n`)
      tellFailure(small, options, wishes, host)
    } else tellFailure(lived, wishes.options, wishes, host)
    if (wishes.untilFailure) break
  }
  if (host.signal.aborted) return exits.interrupted
  return failures > 0 ? exits.failed : exits.expected
}

function wishesOf(args: readonly string[]): Wishes {
  const { values } = parsed(args)
  const [first, last] = seedsOf(values)
  const untilFailure = values['until-failure'] ?? false
  const store = values.store ?? 'memory'
  if (store !== 'memory' && store !== 'level') throw new UsageError(`--store ${store}: expected memory or level`)
  if (values.storm === true && store === 'level') throw new UsageError('--store level: expected memory with --storm')
  const agents = wholeOf('--agents', values.agents ?? (values.storm ? `${stormDefaults.agents}` : '20'), 1, 1000)
  const asleep = listOf(values.asleep).map(text => wholeOf('--asleep', text, 1, agents))
  const without = values.calm ? weatherKinds : listOf(values.without).map(kindOf)
  return {
    first,
    last: untilFailure && values.seeds === undefined ? seedMost : last,
    untilFailure,
    options: { agents, without, asleep, keepTranscript: values.story ?? false },
    level: store === 'level',
    shrinks: values['no-shrink'] !== true,
    storm: values.storm ?? false,
    json: values.json ?? false,
  }
}

function parsed(args: readonly string[]) {
  const flag = { type: 'boolean' } as const
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: text,
        seeds: text,
        'until-failure': flag,
        agents: text,
        calm: flag,
        without: text,
        asleep: text,
        store: text,
        'no-shrink': flag,
        story: flag,
        storm: flag,
        json: flag,
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function seedsOf({ seed, seeds }: { seed?: string; seeds?: string }): readonly [number, number] {
  if (seed !== undefined && seeds !== undefined) throw new UsageError('--seed and --seeds: expected one of them')
  if (seeds === undefined) {
    const only = wholeOf('--seed', seed ?? '1', 0, seedMost)
    return [only, only]
  }
  const [first, last, ...rest] = seeds.split('..')
  if (first === undefined || last === undefined || rest.length > 0)
    throw new UsageError(`--seeds ${seeds}: expected two numbers such as 1..200`)
  const range = [wholeOf('--seeds', first, 0, seedMost), wholeOf('--seeds', last, 0, seedMost)] as const
  if (range[0] > range[1]) throw new UsageError(`--seeds ${seeds}: expected the smaller number first`)
  return range
}

function wholeOf(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most))
    throw new UsageError(`${flag} ${text}: expected a whole number from ${least} to ${most}`)
  return value
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').flatMap(each => (each.trim() === '' ? [] : [each.trim()]))
}

function kindOf(text: string): WeatherKind {
  const found = weatherKinds.find(kind => kind === text)
  if (found === undefined) throw new UsageError(`--without ${text}: expected some of ${weatherKinds.join(', ')}`)
  return found
}

async function lifeOf(seed: number, wishes: Wishes, options: WorldOptions): Promise<Lived> {
  if (wishes.storm) return storm(seed, { ...stormDefaults, agents: options.agents ?? stormDefaults.agents })
  if (!wishes.level) return live(seed, options)
  const folder = await mkdtemp(join(tmpdir(), 'drover-world-'))
  try {
    const store = await LevelStore.open(folder)
    try {
      return await live(seed, { ...options, store })
    } finally {
      await store.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function tell(lived: Lived, { json, options }: Wishes, { stdout }: VerbHost): void {
  const { seed, agents, violations, faults, lengthMs, operations, executions, endings, digest, linesCount } = lived
  if (json) {
    const told = { seed, agents, found: violations, faults: faults.counts, virtualMs: lengthMs, operations, executions }
    stdout.write(`${JSON.stringify({ ...told, endings, steps: linesCount, digest })}\n`)
    return
  }
  if (options.keepTranscript) stdout.write(lived.transcript)
  const hours = (lengthMs / 3_600_000).toFixed(1)
  const found =
    violations.length === 0 ? 'all is well' : `${violations.map(({ checker }) => checker).join(', ')} FAILED`
  stdout.write(
    `seed ${seed}: ${found}. ${agents} agents, ${hours} h, ${operations} operations, ${executions} executions, ${faults.total} faults, ${linesCount} steps, ${digest.slice(0, 16)}\n`,
  )
}

function tellFailure(
  lived: Lived,
  options: WorldOptions,
  { json, level, storm: isStorm }: Wishes,
  host: VerbHost,
): void {
  const out = json ? host.stderr : host.stdout
  if (options.keepTranscript !== true) out.write(`\nThe steps before it\n${lived.lastLines}\n`)
  if (lived.faults.total > 0) out.write(`${lived.faults.text}\n\n`)
  for (const { checker, problem } of lived.violations) out.write(`${checker}: ${problem}\n`)
  const storms = isStorm ? `drover-simulator world --storm --seed ${lived.seed} --agents ${lived.agents}` : undefined
  out.write(`Replay: ${storms ?? replayLine(lived.seed, options)}${level ? ' --store level' : ''}\n`)
}
