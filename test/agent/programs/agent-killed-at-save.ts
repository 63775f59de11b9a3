// The agent as an image starts it, but the power is cut at its saves: boot and agent end by SIGKILL. CUT says `before`
// or `after` the save, or nothing; each kind of save is cut once in the life of a device. A kind is the state that is
// entered, or `acknowledged` for a save that only takes events out. The file CUTS has a line for each cut.
import { appendFileSync, readFileSync } from 'node:fs'
import { main } from '../../../agent/main.ts'
import type { Journal, JournalBatch } from '../../../agent/ports.ts'

const { CUTS: file = '', CUT: moment } = process.env

function cutPowerAt(kind: string): void {
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
      if (moment === 'before') cutPowerAt(kindOf(batch))
      await journal.save(batch)
      if (moment === 'after') cutPowerAt(kindOf(batch))
    },
  }
}

await main(ports => ({ ...ports, journal: cutting(ports.journal) }))
