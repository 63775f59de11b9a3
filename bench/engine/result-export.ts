// The CSV of a large operation that has ended, read by an operator while devices report events: how much memory it
// takes, how long it takes, and what pings feel of it.
import { join } from 'node:path'
import { LevelStore } from '../../broker/adapters/level-store.ts'
import { newOperation, operationIdOf, releaseSubject } from '../../broker/core/new-operation.ts'
import { policyDefaults } from '../../broker/core/policy.ts'
import type { Execution, Operation, Release } from '../../broker/core/records.ts'
import { principalName } from '../../proto/ids.ts'
import { testClassId, testVendorId } from '../../test/fixtures/bundle.ts'
import { Pings } from '../pings.ts'
import { BrokerProcess, pause } from './broker-process.ts'
import { FleetProcesses } from './fleet-process.ts'
import { MemoryWatch } from './memory-watch.ts'
import { Opened } from './opened.ts'
import { bundle, OperationFeed, operationsAlive, uploadRelease } from './operations.ts'
import { type Print, percentile } from './printing.ts'
import { deviceName, deviceSecret, fillRegistry, pingerName, spreadDevices, token } from './registry.ts'
import type { EngineSettings } from './settings.ts'

const executionsAtOnce = 2000

export function measureExport(folder: string, settings: EngineSettings, print: Print): Promise<void> {
  return Opened.during(opened => measure(opened, folder, settings, print))
}

async function measure(opened: Opened, folder: string, settings: EngineSettings, print: Print): Promise<void> {
  const { targetsSmall: targets, devices, window, flow, seconds } = settings
  const online = spreadDevices(targets, devices)
  await fillRegistry(folder, targets, online)
  const ended = await fillEnded(folder, targets)
  const broker = await BrokerProcess.start({ folder, token, args: ['--log-level', 'warn'] })
  opened.add(() => broker.stop())
  await uploadRelease(broker)
  const fleetWishes = { window, eventsPerSecond: flow, digest: bundle.manifest.installedSha256 }
  const fleet = await FleetProcesses.open(broker.mqttPort, online, fleetWishes)
  opened.add(() => fleet.close())
  const feed = await OperationFeed.open(broker, online, operationsAlive)
  const pings = await Pings.open(broker.mqttPort, pingerName, deviceSecret)
  opened.add(async () => pings.close())
  const before = new MemoryWatch(broker)
  await pause(1000 * seconds)
  const withoutMb = await before.stop()
  print('export_ping_p99_ms_before', percentile(await pings.taken(), 0.99), 'ms')

  const during = new MemoryWatch(broker)
  const begin = await fleet.count()
  const started = performance.now()
  const { lines, bytes } = await readExport(broker, ended.id)
  const exportSeconds = (performance.now() - started) / 1000
  const end = await fleet.count()
  if (lines !== targets + 1) throw new Error(`the export has ${lines} lines for ${targets} devices`)
  print('export_rss_growth_mb', Math.max(0, (await during.stop()) - withoutMb), 'MB')
  print('export_ping_p99_ms', percentile(await pings.taken(), 0.99), 'ms')
  print('export_seconds', exportSeconds, 's')
  print('export_megabytes', bytes / 1e6, 'MB')
  print('export_events_meanwhile', (end.acknowledged - begin.acknowledged) / exportSeconds, 'events/s')
  pings.close()
  await feed.close()
  await fleet.close()
}

async function readExport(
  broker: BrokerProcess,
  id: string,
): Promise<{ readonly lines: number; readonly bytes: number }> {
  const response = await broker.request('GET', `/v1/operations/${id}/export.csv`)
  if (!response.ok || response.body === null) throw new Error(`the export was refused: ${response.status}`)
  let [lines, bytes] = [0, 0]
  for await (const chunk of response.body) {
    bytes += chunk.length
    for (const byte of chunk) if (byte === 10) lines += 1
  }
  return { lines, bytes }
}

/** An operation over all devices, three quarters of them updated, as if it had been a while ago. */
async function fillEnded(folder: string, targets: number): Promise<Operation> {
  const at = Date.now() - 3_600_000
  const operation = endedOperation(targets, at)
  const store = await LevelStore.open(join(folder, 'data', 'database'))
  try {
    for (let from = 0; from < targets; from += executionsAtOnce) {
      const count = Math.min(executionsAtOnce, targets - from)
      const execution = (index: number) => endedExecution(operation, from + index, at)
      await store.commit(
        Array.from({ length: count }, (_, index) => ({ kind: 'put-execution', execution: execution(index) }) as const),
      )
    }
    await store.commit([{ kind: 'put-operation', operation }])
  } finally {
    await store.close()
  }
  return operation
}

const failed = (number: number): boolean => number % 4 === 3

function endedOperation(targets: number, at: number): Operation {
  const { release: id, manifest, artifact } = bundle
  const release: Release = {
    id,
    component: manifest.component,
    version: manifest.version,
    installedSha256: manifest.installedSha256,
    createdAt: at,
    createdBy: principalName('bench'),
    manifests: [
      {
        sha256: '00'.repeat(32),
        envelope: '',
        vendorId: testVendorId,
        classId: testClassId,
        artifact,
        payloadSize: manifest.payloadSize,
        expiresAt: manifest.expiresAt,
      },
    ],
  }
  const made = newOperation(
    {
      id: operationIdOf(at, new Uint8Array(17).fill(1)),
      name: 'ended',
      type: 'firmware-update',
      typeName: 'Firmware Update',
      subject: releaseSubject(release),
      targets: { kind: 'filter', filter: '', open: false },
      policy: policyDefaults,
      createdBy: principalName('bench'),
    },
    at,
  )
  const { sweep: _, ...rest } = made
  const errors = Array.from({ length: targets }, (_, number) => number).filter(failed).length
  const completed = targets - errors
  return {
    ...rest,
    state: 'completed',
    startedAt: at + 1000,
    completedAt: at + 60_000,
    handOverCount: targets,
    counts: {
      ...made.counts,
      total: targets,
      completed,
      failed: errors,
      byCode: { SYS_112: completed, UPD4_FAIL_24: errors },
      byReason: { error: errors },
    },
  }
}

function endedExecution(operation: Operation, number: number, at: number): Execution {
  const isFailed = failed(number)
  return {
    operation: operation.id,
    device: deviceName(number),
    state: isFailed ? 'failed' : 'completed',
    attempt: 1,
    addedAt: at,
    handedOverAt: at + 1000,
    reportedAt: at + 2000,
    endedAt: at + 3000,
    answered: true,
    bootId: '55'.repeat(16),
    initialVersion: '1.0.0',
    updatedVersion: isFailed ? '1.0.0' : '2.0.0',
    code: isFailed ? 'UPD4_FAIL_24' : 'SYS_112',
    data: { component: 'main', received_bytes: '123456' },
    ...(isFailed ? { errorReason: 'error' } : {}),
  }
}
