// How fast a world is: one update to many real agents at once in a storm, in virtual time, with every checker looking on.
//
// `--agents N --chunks N` are the fleet and the chunks of its image; `--seed N` is the storm.
import { parseArgs } from 'node:util'
import { storm, stormDefaults } from '../simulator/world/storm.ts'
import { printer } from './engine/printing.ts'

/** Under a minute on one free core. Throws when a checker found something: a wrong world's speed is none. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const options = { agents: { type: 'string' }, chunks: { type: 'string' }, seed: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const agents = Number(values.agents ?? stormDefaults.agents)
  const chunkCount = Number(values.chunks ?? stormDefaults.chunkCount)
  const seed = Number(values.seed ?? 1)
  if (![agents, chunkCount, seed].every(value => Number.isInteger(value) && value > 0))
    throw new RangeError('--agents, --chunks, --seed: expected whole numbers above 0')
  const print = printer(json, 'world')
  const began = performance.now()
  const cpuBefore = process.cpuUsage()
  const lived = await storm(seed, { ...stormDefaults, agents, chunkCount })
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const [found] = lived.violations
  if (found !== undefined) throw new Error(`storm ${seed}: ${found.checker}: ${found.problem}`)
  print('world_storm_seconds', seconds, 's')
  print('world_storm_cpu_seconds', (user + system) / 1e6, 's')
  print('world_storm_updated', (lived.endings.SYS_112 ?? 0) + (lived.endings.UPD2_OK_18 ?? 0), 'devices')
  print('world_storm_executions', lived.executions, 'devices')
  print('world_storm_faults', lived.faults.total, 'count')
  print('world_storm_virtual_seconds', lived.lengthMs / 1000, 's')
}
