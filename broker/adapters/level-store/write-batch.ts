// Writes one batch into LevelDB, fsynced: its log record first, by which a closed database is read (leveldb-files.ts).
// Row by row: the library takes four times as long over the same rows when they come as one array.
import type { Batch } from './batch-builder.ts'
import { logKey } from './keys.ts'
import { encodeRecord } from './record.ts'
import type { Database } from './verification.ts'

/** The log record of the batch `logBatches` before it goes. */
export async function writeBatch(db: Database, { rows, position, log }: Batch, logBatches: number): Promise<void> {
  const { batch } = position
  const key = logKey(batch)
  const writing = db.batch()
  try {
    writing.put(key, encodeRecord(key, batch, JSON.stringify(log)))
    if (batch > logBatches) writing.del(logKey(batch - logBatches))
    for (const row of rows) {
      if (row.value === undefined) writing.del(row.key)
      else writing.put(row.key, row.value)
    }
  } catch (error) {
    await writing.close()
    throw error
  }
  await writing.write({ sync: true })
}
