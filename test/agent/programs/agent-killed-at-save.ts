// The agent as an image starts it, but the power is cut at its saves: boot and agent end by SIGKILL. CUT says `before`
// or `after` the save, or nothing, and CUT_TURNED which kinds are cut at the other moment, with commas between them;
// each kind of save is cut once in the life of a device. A kind is the state that is entered (of a command with its type),
// `ended-` with the last two characters of the operation for the end of a command, or `acknowledged` for a save that only
// takes events out. The file CUTS has a line for each cut.
import { appendFileSync, readFileSync } from 'node:fs'
import { main } from '../../../agent/main.ts'
import type { Journal, JournalBatch } from '../../../agent/ports.ts'

const { CUTS: file = '', CUT: moment, CUT_TURNED: turned = '' } = process.env
const turnedKinds = turned.split(',')

function cutPowerAt(now: 'before' | 'after', kind: string): void {
  const other = moment === 'before' ? 'after' : 'before'
  if (moment === 'never' || now !== (turnedKinds.includes(kind) ? other : moment)) return
  if (readFileSync(file, 'utf8').split('\n').includes(kind)) return
  appendFileSync(file, `${kind}\n`)
  process.kill(process.ppid, 'SIGKILL')
  process.kill(-process.pid, 'SIGKILL')
}

function kindOf({ memory, acknowledged = [] }: JournalBatch): string {
  if (memory === undefined) return acknowledged.length > 0 ? 'acknowledged' : 'other'
  const { command, state, results } = memory
  if (command !== undefined) return `${command.kind}-${command.job.operationType}`
  const last = results.at(-1)
  // The result of an update names its component.
  return state.kind === 'idle' && last !== undefined && last.component === undefined
    ? `ended-${last.operation.slice(-2)}`
    : state.kind
}

function cutting(journal: Journal): Journal {
  return {
    read: () => journal.read(),
    close: () => journal.close(),
    async save(batch) {
      cutPowerAt('before', kindOf(batch))
      await journal.save(batch)
      cutPowerAt('after', kindOf(batch))
    },
  }
}

await main(ports => ({ ...ports, journal: cutting(ports.journal) }))
