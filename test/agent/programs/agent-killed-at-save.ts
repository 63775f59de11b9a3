// The agent as an image starts it, but the power is cut at its saves: boot and agent end by SIGKILL. CUT says `before`
// or `after` the save, or nothing, and CUT_TURNED which kinds are cut at the other moment, with commas between them;
// each kind of save is cut once in the life of a device. A kind is the state that is entered, or `acknowledged` for a
// save that only takes events out. The file CUTS has a line for each cut.
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
  return memory?.state.kind ?? (acknowledged.length > 0 ? 'acknowledged' : 'other')
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
