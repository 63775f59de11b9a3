// Loaded into the broker's process by `node --import`: between two SIGUSR2, every batch that goes into LevelDB is also
// written to the file DROVER_BENCH_BATCHES, a line a batch. So the bare loop writes the very rows that the broker wrote,
// grouped as they were.
import { closeSync, openSync, writeSync } from 'node:fs'
import { Level } from 'level'

/** One batch; a key with null is deleted. */
export type RecordedBatch = readonly (readonly [key: string, value: string | null])[]

let file: number | undefined

process.on('SIGUSR2', () => {
  if (file === undefined) file = openSync(process.env.DROVER_BENCH_BATCHES ?? '', 'w')
  else {
    closeSync(file)
    file = undefined
  }
})

interface Operation {
  readonly type: 'put' | 'del'
  readonly key: string
  readonly value?: string
}
interface Chained {
  put(...args: unknown[]): unknown
  del(...args: unknown[]): unknown
  write(...args: unknown[]): unknown
}
type Batch = (...args: unknown[]) => unknown

// Not where `Level` has it from: whatever class declares it is patched for all its children.
const prototype = Level.prototype as unknown as { batch: Batch }
const original = prototype.batch
prototype.batch = function (this: unknown, ...args: unknown[]): unknown {
  const made = original.apply(this, args)
  if (file === undefined) return made
  if (args.length > 0)
    keep((args[0] as readonly Operation[]).map(({ type, key, value }) => [key, type === 'put' ? (value ?? '') : null]))
  else follow(made as Chained)
  return made
}

function follow(batch: Chained): void {
  const rows: (readonly [string, string | null])[] = []
  const { put, del, write } = batch
  batch.put = (...args) => {
    rows.push([String(args[0]), String(args[1])])
    return put.apply(batch, args)
  }
  batch.del = (...args) => {
    rows.push([String(args[0]), null])
    return del.apply(batch, args)
  }
  batch.write = (...args) => {
    keep(rows)
    return write.apply(batch, args)
  }
}

function keep(rows: RecordedBatch): void {
  if (file !== undefined) writeSync(file, `${JSON.stringify(rows)}\n`)
}
