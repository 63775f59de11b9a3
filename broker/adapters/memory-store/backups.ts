// Configurations of devices in memory, by operation and device; equal contents are kept once.
import { createHash } from 'node:crypto'
import type { DeviceId, OperationId } from '../../../proto/ids.ts'
import type { Backup } from '../../core/records.ts'
import type { Page } from '../../ports.ts'
import { SortedRecords } from './sorted-records.ts'

export class Backups {
  readonly #backups = new Map<OperationId, SortedRecords<Backup>>()
  readonly #contents = new Map<string, Uint8Array>()

  put(backup: Backup, content: Uint8Array): undefined {
    const backups = this.#backups.get(backup.operation) ?? new SortedRecords<Backup>()
    this.#backups.set(backup.operation, backups)
    this.#contents.set(backup.sha256, content)
    backups.put(backup.device, backup)
  }

  get(operation: OperationId, device: DeviceId): Backup | undefined {
    return this.#backups.get(operation)?.get(device)
  }

  page(operation: OperationId, page: { readonly after?: DeviceId; readonly limit: number }): Page<Backup> {
    return (this.#backups.get(operation) ?? new SortedRecords<Backup>()).page(page)
  }

  content(sha256: string): Uint8Array | undefined {
    const content = this.#contents.get(sha256)
    return content === undefined ? undefined : Uint8Array.from(content)
  }
}

/** Throws RangeError for a content that is not what its backup says. */
export function backupMustFit({ sha256 }: Backup, content: Uint8Array): void {
  if (createHash('sha256').update(content).digest('hex') !== sha256)
    throw new RangeError('backup: the content is not that of its sha256')
}
