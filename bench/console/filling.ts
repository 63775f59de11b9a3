// What a broker has in its store after some months: operations that ended with many codes, one that is in progress on
// thousands of devices, an event log with failures of the last days, an audit chain. Written through the store itself.
import { join } from 'node:path'
import { LevelStore } from '../../broker/adapters/level-store.ts'
import type { Device } from '../../broker/core/device.ts'
import { newOperation, operationIdOf, releaseSubject } from '../../broker/core/new-operation.ts'
import { policyDefaults } from '../../broker/core/policy.ts'
import type { Execution, NewEvent, Operation, Release } from '../../broker/core/records.ts'
import type { Change } from '../../broker/ports.ts'
import { type EventCode, eventCodes } from '../../proto/event-codes.ts'
import { type DeviceId, type OperationId, principalName, releaseIdOf } from '../../proto/ids.ts'
import { testClassId, testVendorId } from '../../test/fixtures/bundle.ts'
import { bundle } from '../engine/operations.ts'
import { component, deviceName } from '../engine/registry.ts'
import type { ConsoleSettings } from './settings.ts'

const atOnce = 1000
const by = principalName('bench')
const day = 86_400_000
const hour = 3_600_000
const releaseCount = 50
/** One device in so many. */
const stragglersEvery = 500

export interface Filled {
  /** The one in progress. */
  readonly running: OperationId
  /** A device of it. */
  readonly device: DeviceId
}

/** Unless it is there already. `left`: devices the operation in progress leaves alone. */
export async function fillConsole(
  folder: string,
  settings: ConsoleSettings,
  left: ReadonlySet<DeviceId>,
): Promise<Filled> {
  const store = await LevelStore.open(join(folder, 'data', 'database'))
  const now = Date.now()
  try {
    const devices = Array.from({ length: settings.devices }, (_, number) => deviceName(number))
      .filter(device => !left.has(device))
      .slice(0, settings.executions)
    const device = devices.at(-1) as DeviceId
    const [unfinished] = await store.unfinishedOperations()
    if (unfinished !== undefined) return { running: unfinished.id, device }
    const write = async (count: number, changesOf: (index: number) => readonly Change[]): Promise<void> => {
      for (let from = 0; from < count; from += atOnce)
        await store.commit(
          Array.from({ length: Math.min(atOnce, count - from) }, (_, index) => changesOf(from + index)).flat(),
        )
    }
    await write(releaseCount, index => [{ kind: 'put-release', release: releaseAt(index, now) }])
    await write(settings.operations, index => endedAt(index, settings, device, now))
    await write(settings.events, index => [{ kind: 'append-event', event: eventAt(index, settings, now) }])
    await write(settings.records, index => [
      {
        kind: 'append-audit',
        entry: {
          at: now - day,
          actor: { kind: 'principal', name: by },
          action: 'device.edit',
          subject: deviceName(index % settings.devices),
          changes: [{ op: 'replace', path: '/group', value: `hall-${index}` }],
          data: {},
        },
      },
    ])
    await write(Math.ceil(settings.devices / stragglersEvery), index => [stragglerOf(index, now)])
    const running = runningOf(devices.length, now)
    const inProgress = (target: DeviceId): Execution => ({
      operation: running.id,
      device: target,
      state: 'in-progress',
      step: 'downloading',
      attempt: 1,
      addedAt: now,
      handedOverAt: now,
      reportedAt: now,
      answered: true,
      bootId: '55'.repeat(16),
      initialVersion: '1.0.0',
    })
    await write(devices.length, index => [{ kind: 'put-execution', execution: inProgress(devices[index] as DeviceId) }])
    await store.commit([{ kind: 'put-operation', operation: running }])
    return { running: running.id, device }
  } finally {
    await store.close()
  }
}

/** A device that runs what the others no longer run. */
function stragglerOf(index: number, now: number): Change {
  const device: Device = {
    id: deviceName(index * stragglersEvery),
    registeredAt: now - day,
    lastHelloAt: now - hour,
    vendorId: testVendorId,
    classId: testClassId,
    bootId: '55'.repeat(16),
    agentVersion: '1.3.0',
    packetBytesMax: 32_768,
    components: [{ name: component, version: '0.9.0', digest: '0c'.repeat(32) }],
    journals: [],
  }
  return { kind: 'put-device', device }
}

function releaseAt(index: number, now: number): Release {
  const digest = index.toString(16).padStart(64, '0')
  const version = `1.${index}.0`
  const { artifact, manifest, envelope } = bundle
  return {
    id: releaseIdOf(component, version, digest),
    component,
    version,
    installedSha256: digest,
    createdAt: now - day,
    createdBy: by,
    manifests: Array.from({ length: 4 }, (_, number) => ({
      sha256: `${number}`.padStart(64, '0'),
      envelope: Buffer.from(envelope).toString('base64'),
      vendorId: testVendorId,
      classId: testClassId,
      artifact,
      payloadSize: manifest.payloadSize,
      expiresAt: manifest.expiresAt,
    })),
  }
}

/** `number` makes it unlike others of the same moment. */
function operationAt(at: number, number: number, release: Release): Operation {
  const chance = new Uint8Array(17).map((_, index) => Math.floor(number / 36 ** index) % 36)
  return newOperation(
    {
      id: operationIdOf(at, chance),
      name: `update ${number}`,
      type: 'firmware-update',
      typeName: 'Firmware Update',
      subject: releaseSubject(release),
      targets: { kind: 'filter', filter: 'group=hall-1', open: false },
      policy: policyDefaults,
      createdBy: by,
    },
    at,
  )
}

/** Every code has occurred in it; the device was in every tenth. */
function endedAt(index: number, { operations }: ConsoleSettings, device: DeviceId, now: number): readonly Change[] {
  const at = now - day - (operations - index) * 60_000
  const made = operationAt(at, index, releaseAt(index % releaseCount, now))
  const { sweep: _, ...rest } = made
  const codes = Object.keys(eventCodes) as readonly EventCode[]
  const byCode = Object.fromEntries(codes.map(code => [code, 1])) as Record<EventCode, number>
  const total = codes.length
  const failed = index % 3 === 0 ? total - 1 : 0
  const operation: Operation = {
    ...rest,
    state: index % 7 === 0 ? 'stopped' : 'completed',
    startedAt: at + 1000,
    completedAt: at + hour,
    handOverCount: total,
    counts: { ...made.counts, total, completed: total - failed, failed, byCode, byReason: { error: failed } },
  }
  const execution: Execution = {
    operation: operation.id,
    device,
    state: 'completed',
    attempt: 1,
    addedAt: at,
    endedAt: at + hour,
    code: 'SYS_112',
    data: { component, diff: '[{"op":"replace","path":"/interval","value":60}]' },
  }
  return [
    { kind: 'put-operation', operation },
    ...(index % 10 === 0 ? [{ kind: 'put-execution', execution } as const] : []),
  ]
}

function runningOf(total: number, now: number): Operation {
  const made = operationAt(now, 0, releaseAt(0, now))
  const { sweep: _, ...rest } = made
  return {
    ...rest,
    name: 'in progress',
    state: 'running',
    startedAt: now,
    openedAt: now,
    handOverCount: total,
    counts: { ...made.counts, total, inProgress: total },
  }
}

/** Spread over the last week; every fourth is a failure. */
function eventAt(index: number, { events, devices }: ConsoleSettings, now: number): NewEvent {
  const isFailure = index % 4 === 0
  return {
    recordedAt: Math.floor(now - 6 * day + (index / events) * 6 * day),
    device: deviceName(index % devices),
    code: isFailure ? 'UPD4_FAIL_24' : 'SYS_106',
    type: isFailure ? 'FAIL' : 'INFO',
    category: isFailure ? 'FAIL_NETWORK' : 'INFO',
    stateChange: true,
    changes: { state: { from: 'in-progress', to: 'completed' } },
    data: { component, attempt: '1' },
    source: { journalId: '0123456789abcdef', eventNumber: index + 1, deviceTime: now },
  }
}
