// The past of one device for the tests of the Devices page: backups, changes and a restore of its configuration, operations
// that reach it and one that does not, events with data; beside it a device that never came, and one that has gone.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import type { Execution, NewEvent } from '../../../broker/core/records.ts'
import { deviceId, principalName } from '../../../proto/ids.ts'
import { deviceName, type OperationWishes, operationRecords } from './harness/records.ts'

const minute = 60_000
export const subject = deviceName(0)
export const quarantined = deviceName(2)
export const waiting = deviceId('sensor-that-waits')
/** Enrolled, registered, in an operation, deregistered. */
export const gone = deviceId('sensor-that-left')
export const backupText = '{"network":{"dns":["10.0.0.1"]}}\n'
const digest = createHash('sha256').update(backupText).digest('hex')

const changes = [
  { op: 'replace', path: '/network/dns/0', value: '10.0.0.1' },
  { op: 'add', path: '/network/wifi', value: { ssid: 'hall 7', password: '***' } },
  { op: 'remove', path: '/legacy~1mode' },
]

/** Into `folder/data`, which `fillData` has made; the broker does not run. */
export async function fillPast(folder: string, now = Date.now()): Promise<void> {
  const store = await LevelStore.open(join(folder, 'data', 'database'))
  let number = 30
  const add = async (wishes: OperationWishes, part: Partial<Execution> = {}) => {
    number += 1
    const { operation, executions } = operationRecords(wishes, number)
    await store.commit([
      { kind: 'put-operation', operation },
      { kind: 'put-targets', operation: operation.id, devices: executions.map(({ device }) => part.device ?? device) },
      ...executions.map(execution => ({ kind: 'put-execution' as const, execution: { ...execution, ...part } })),
    ])
    return operation.id
  }
  const ended = (
    name: string,
    ago: number,
    ...[type, code]: [readonly [string, string], 'SYS_112' | 'UPD4_FAIL_37']
  ) => ({
    ...{ name, type, state: 'completed' as const, at: now - ago * minute, ended: { [code]: 1 } },
  })
  try {
    const backup = await add(ended('weekly backup', 50, ['config-backup', 'Backup'], 'SYS_112'), {
      data: { configuration_digest: digest },
    })
    await store.commit([
      {
        kind: 'put-backup',
        backup: {
          ...{ operation: backup, device: subject, sha256: digest, version: '7', at: now - 50 * minute },
          sizeBytes: backupText.length,
        },
        content: Buffer.from(backupText),
      },
    ])
    await add(ended('new name server', 40, ['config-change', 'Configuration Change'], 'SYS_112'), {
      data: { configuration_digest: digest, diff: JSON.stringify(changes), diff_cut: 'true' },
    })
    await add(ended('louder alarms', 35, ['config-change', 'Configuration Change'], 'UPD4_FAIL_37'), {
      data: { reason: 'alarm.level must be 1 to 5' },
    })
    await add(ended('back to last week', 30, ['config-restore', 'Restore'], 'SYS_112'), {
      data: { configuration_digest: digest, diff: JSON.stringify(changes.slice(2)) },
    })
    const locked = await store.device(quarantined)
    if (locked === undefined) throw new Error('the fleet is too small')
    await store.commit([{ kind: 'put-device', device: { ...locked, quarantinedAt: now - 60 * minute } }])
    const failed = { state: 'completed' as const, at: now - 25 * minute, ended: { UPD4_FAIL_33: 1 } }
    await add({ name: 'lost one', ...failed }, { device: gone })
    await add({ name: 'waits for its turn', state: 'running', at: now - 20 * minute, pending: 1 })
    await store.commit([
      {
        kind: 'put-credential',
        credential: { device: waiting, secretSha256: digest, createdAt: now, createdBy: principalName('admin') },
      },
      ...[
        event('SYS_107', waiting, now - 5 * minute),
        event('SYS_107', gone, now - 4 * minute),
        event('SYS_105', gone, now - 3 * minute),
        {
          ...event('UPD4_FAIL_24', subject, now - 2 * minute),
          ...{ type: 'FAIL' as const, category: 'FAIL_NETWORK' as const, stateChange: true },
          changes: { state: { from: 'in-progress', to: 'failed' } },
          data: { reason: 'the line went down', chunk: '17' },
        },
      ].map(record => ({ kind: 'append-event' as const, event: record })),
    ])
  } finally {
    await store.close()
  }
}

function event(code: NewEvent['code'], device: NewEvent['device'], recordedAt: number): NewEvent {
  return { recordedAt, device, code, type: 'INFO', category: 'INFO', stateChange: false, changes: {}, data: {} }
}
