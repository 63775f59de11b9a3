// Data directories with a fleet and a past in them, written through the broker's own store before the broker starts.
import { join } from 'node:path'
import { LevelStore } from '../../../../broker/adapters/level-store.ts'
import type { Device } from '../../../../broker/core/device.ts'
import type { Change } from '../../../../broker/ports.ts'
import { type EventCode, eventCodeEntry } from '../../../../proto/event-codes.ts'
import { testClassId, testVendorId } from '../../../fixtures/bundle.ts'
import { component, deviceName, type OperationWishes, operationRecords, releaseRecord } from './records.ts'

const changesAtOnce = 2_000
const minute = 60_000
const hour = 60 * minute

export interface DataWishes {
  readonly devices: number
  readonly operations: readonly OperationWishes[]
  /** Failures and successes in the log of the past day. */
  readonly events?: number
}

/** Three devices, and one update they have had. */
export function smallData(now = Date.now()): DataWishes {
  return {
    devices: 3,
    operations: [
      { name: 'Spring release', state: 'completed', at: now - 2 * hour, ended: { SYS_112: 2, UPD4_FAIL_33: 1 } },
    ],
    events: 12,
  }
}

/** Names that break what is careless with them. */
export const oddNames = [
  '<b>bold</b> & "quoted" \'name\'',
  'עדכון קושחה מהדורה שנייה',
  `a name of two hundred characters ${'x'.repeat(167)}`,
] as const

/** Each rule of the documented pages has its operation. Newest first in the lists. */
export function ruleData(now = Date.now()): DataWishes {
  const ended: readonly OperationWishes[] = [
    { name: '499 updated', state: 'completed', at: now - 10 * hour, ended: { SYS_112: 499, UPD4_FAIL_33: 3 } },
    { name: '500 of each', state: 'completed', at: now - 11 * hour, ended: { SYS_112: 500, UPD4_FAIL_34: 500 } },
    { name: '499 errors', state: 'stopped', at: now - 12 * hour, ended: { SYS_112: 10, SYS_103: 499 } },
    {
      name: 'all reasons',
      state: 'completed',
      at: now - 13 * hour,
      ended: { SYS_112: 4, SYS_100: 3, SYS_105: 2, UPD4_FAIL_23: 1, UPD4_FAIL_33: 5 },
    },
    { name: 'no errors', state: 'completed', at: now - 14 * hour, ended: { SYS_112: 20 } },
    ...oddNames.map((name, index) => ({
      name,
      state: 'completed' as const,
      at: now - (15 + index) * hour,
      ended: { SYS_112: 2 } as const,
    })),
    {
      name: 'reboot of a hall',
      state: 'completed',
      at: now - 20 * hour,
      type: ['reboot', 'Reboot'],
      ended: { SYS_112: 6 },
    },
    {
      name: 'nightly backup',
      state: 'completed',
      at: now - 21 * hour,
      type: ['config-backup', 'Backup'],
      createdBy: 'nightly',
      ended: { SYS_112: 5, UPD4_FAIL_37: 1 },
    },
  ]
  return {
    devices: 1_100,
    events: 400,
    operations: [
      { name: 'waits for approval', state: 'awaiting-approval', at: now - 5 * minute, pending: 40 },
      {
        name: 'paused by a rule',
        state: 'paused',
        at: now - hour,
        ended: { SYS_112: 30, UPD4_FAIL_33: 6 },
        pending: 64,
      },
      {
        name: 'runs',
        state: 'running',
        at: now - 2 * hour,
        ended: { SYS_112: 20, UPD4_FAIL_33: 5 },
        inProgress: 10,
        pending: 100,
      },
      ...ended,
      ...Array.from({ length: 120 }, (_, index) => ({
        name: `past update ${String(index + 1).padStart(3, '0')}`,
        state: 'completed' as const,
        at: now - (30 + index) * hour,
        ended: { SYS_112: 2 } as const,
      })),
    ],
  }
}

/** A hundred thousand devices, ten thousand of them in progress. */
export function largeData(now = Date.now()): DataWishes {
  return {
    devices: 100_000,
    events: 50_000,
    operations: [
      {
        name: 'Autumn release, all halls',
        state: 'running',
        at: now - 3 * hour,
        ended: { SYS_112: 61_000, UPD4_FAIL_33: 410, UPD4_FAIL_23: 35, SYS_100: 205 },
        inProgress: 10_000,
        pending: 28_350,
      },
      {
        name: 'Autumn release, pilot',
        state: 'completed',
        at: now - 30 * hour,
        ended: { SYS_112: 498, UPD4_FAIL_34: 2 },
      },
      ...ruleData(now).operations.slice(3),
    ],
  }
}

/** What the pictures of the README show: the same fleet, as it might be after a summer. */
export function tourData(now = Date.now()): DataWishes {
  const backup = (night: number): OperationWishes => ({
    name: 'Nightly backup',
    state: 'completed',
    at: now - (4 + 24 * night) * hour,
    type: ['config-backup', 'Backup'],
    createdBy: 'nightly',
    ended: { SYS_112: 2_400 + night, ...(night === 1 ? { SYS_100: 3 } : {}) },
  })
  const [autumn, pilot] = largeData(now).operations
  return {
    devices: 100_000,
    events: 20_000,
    operations: [
      {
        name: 'Calibration tables',
        state: 'awaiting-approval',
        at: now - 8 * minute,
        createdBy: 'otto',
        pending: 1_200,
      },
      ...(autumn === undefined ? [] : [autumn]),
      backup(0),
      {
        name: 'Reboot of hall 12',
        state: 'completed',
        at: now - 6 * hour,
        type: ['reboot', 'Reboot'],
        ended: { SYS_112: 212 },
      },
      backup(1),
      ...(pilot === undefined ? [] : [pilot]),
      {
        name: 'Autumn release, first try',
        state: 'stopped',
        at: now - 35 * hour,
        ended: { SYS_112: 38, UPD4_FAIL_23: 12, SYS_103: 450 },
      },
      backup(2),
      {
        name: 'Summer release',
        state: 'completed',
        at: now - 39 * 24 * hour,
        ended: { SYS_112: 9_812, SYS_100: 31, UPD4_FAIL_33: 7 },
      },
    ],
  }
}

/** Makes `folder/data`; rejects when there is one that is open. */
export async function fillData(folder: string, { devices, operations, events = 0 }: DataWishes): Promise<void> {
  const now = Date.now()
  const store = await LevelStore.open(join(folder, 'data', 'database'))
  const commitAll = async (changes: Iterable<Change>): Promise<void> => {
    let batch: Change[] = []
    for (const change of changes) {
      batch.push(change)
      if (batch.length < changesAtOnce) continue
      await store.commit(batch)
      batch = []
    }
    if (batch.length > 0) await store.commit(batch)
  }
  try {
    await commitAll([{ kind: 'put-release', release: releaseRecord(now - 40 * hour) }])
    await commitAll(deviceChanges(devices, now))
    for (const [index, wishes] of operations.entries()) {
      const { operation, executions } = operationRecords(wishes, index)
      await commitAll(executions.map(execution => ({ kind: 'put-execution', execution })))
      const targets = executions.map(({ device }) => device)
      for (let from = 0; from < targets.length; from += 10_000)
        await store.commit([
          { kind: 'put-targets', operation: operation.id, devices: targets.slice(from, from + 10_000) },
        ])
      await store.commit([{ kind: 'put-operation', operation }])
    }
    await commitAll(eventChanges(events, devices, now))
  } finally {
    await store.close()
  }
}

function* deviceChanges(count: number, now: number): Iterable<Change> {
  for (let number = 0; number < count; number += 1) yield { kind: 'put-device', device: deviceAt(number, now) }
}

const versions = ['2.0.0', '2.0.0', '2.0.0', '1.4.2', '1.4.2', '1.3.0', '1.0.0'] as const

function deviceAt(number: number, now: number): Device {
  const version = versions[number % versions.length] as string
  return {
    id: deviceName(number),
    registeredAt: now - 90 * 24 * hour + number,
    lastHelloAt: now - (number % 600) * minute,
    vendorId: testVendorId,
    classId: testClassId,
    bootId: '55'.repeat(16),
    agentVersion: '1.4.0',
    packetBytesMax: 32_768,
    components: [
      { name: component, version, digest: version.replaceAll('.', '').padStart(64, '0') },
      { name: 'radio', version: '0.9.1', digest: '9'.repeat(64) },
    ],
    journals: [{ journalId: number.toString(16).padStart(16, '0'), floor: 12, above: [] }],
    group: `hall-${number % 50}`,
    tags: number % 10 === 0 ? ['pilot', 'outdoor'] : ['indoor'],
    attributes: { floor: String(number % 7) },
    ...(number % 997 === 996 ? { quarantinedAt: now - hour } : {}),
  }
}

const loggedCodes: readonly EventCode[] = [
  'SYS_112',
  'UPD2_OK_18',
  'UPD4_FAIL_33',
  'SYS_112',
  'UPD4_FAIL_23',
  'SYS_100',
  'SYS_107',
]

function* eventChanges(count: number, devices: number, now: number): Iterable<Change> {
  for (let index = 0; index < count; index += 1) {
    const code = loggedCodes[(index * 5) % loggedCodes.length] as EventCode
    const {
      types: [type],
      category,
    } = eventCodeEntry(code)
    yield {
      kind: 'append-event',
      event: {
        recordedAt: now - Math.floor(((count - index) / count) * 23 * hour),
        device: deviceName((index * 7) % devices),
        code,
        type,
        category,
        stateChange: code === 'SYS_112',
        changes: code === 'SYS_112' ? { version: { from: '1.4.2', to: '2.0.0' } } : {},
        data: { component, attempt: '1' },
      },
    }
  }
}
