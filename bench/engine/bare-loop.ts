// The peer: what a bare LevelDB does with the rows the broker wrote, in synced batches as large as the broker's, one after
// the other, in an empty directory. Row by row into the batch, which is the faster of the library's two forms.
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Level } from 'level'
import type { RecordedBatch } from './record-batches.ts'

export async function recordedBatches(path: string): Promise<readonly RecordedBatch[]> {
  const batches: RecordedBatch[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) batches.push(JSON.parse(line))
  if (batches.length === 0) throw new Error('the broker wrote nothing while its batches were recorded')
  return batches
}

/** Seconds that all of them took. */
export async function replay(batches: readonly RecordedBatch[], folder: string): Promise<number> {
  const directory = join(folder, 'bare')
  await rm(directory, { recursive: true, force: true })
  const db = new Level<string, string>(directory)
  await db.open()
  try {
    const started = performance.now()
    for (const rows of batches) {
      const batch = db.batch()
      for (const [key, value] of rows) {
        if (value === null) batch.del(key)
        else batch.put(key, value)
      }
      await batch.write({ sync: true })
    }
    return (performance.now() - started) / 1000
  } finally {
    await db.close()
  }
}
