// The form of the database, as the record `a!schema` says it. A newer one is refused, an older one is migrated.
//
//   1   index rows carried checksums; events by device, operation and code; an operation was an update to one release
//   2   index rows carry a batch or nothing; events by type too, executions by result; audit, answers, backups, webhooks, notices
//   3   index rows of an execution carry the batch that wrote them, which can be older than that of the execution
//   4   index rows of events and audit records, which were empty, hold a sign
//   5   the positions of a device's journals have a record of their own once they moved (devices.ts)

export interface Schema {
  readonly version: number
  readonly logBatches: number
}

export const schemaVersion = 5
