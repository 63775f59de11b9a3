// Operations over a whole registry, of which some hundreds of devices are connected: what finding the targets costs in
// time and memory, what pings feel of it, and how soon a broker that is killed in the middle is ready again.
import { join } from 'node:path'
import type { OperationView } from '../../proto/http-api.ts'
import { Pings } from '../pings.ts'
import { BrokerProcess, pause } from './broker-process.ts'
import { FleetProcesses } from './fleet-process.ts'
import { MemoryWatch } from './memory-watch.ts'
import { Opened } from './opened.ts'
import { bundle, startOperation, uploadRelease } from './operations.ts'
import { type Print, percentile, sizeWord } from './printing.ts'
import { deviceSecret, fillRegistry, pingerName, spreadDevices, token } from './registry.ts'
import type { EngineSettings } from './settings.ts'

/** A broker that has just started gives back what it needed for that. */
const settleMs = 3000

export async function measureLargeOperations(root: string, settings: EngineSettings, print: Print): Promise<void> {
  for (const targets of [...new Set([settings.targetsSmall, settings.targets])])
    await Opened.during(opened => measure(opened, join(root, String(targets)), targets, settings, print))
}

async function measure(
  opened: Opened,
  folder: string,
  targets: number,
  settings: EngineSettings,
  print: Print,
): Promise<void> {
  const { devices, window, seconds } = settings
  const size = sizeWord(targets)
  const online = spreadDevices(targets, devices)
  const filling = performance.now()
  await fillRegistry(folder, targets, online)
  print(`registry_fill_seconds_${size}_targets`, (performance.now() - filling) / 1000, 's')
  const wishes = { folder, token, args: ['--log-level', 'warn'] }
  const fleetWishes = { window, digest: bundle.manifest.installedSha256 }
  let broker = await BrokerProcess.start(wishes)
  opened.add(() => broker.stop())
  await uploadRelease(broker)
  const fleet = await FleetProcesses.open(broker.mqttPort, online, fleetWishes)
  opened.add(() => fleet.close())
  const pings = await Pings.open(broker.mqttPort, pingerName, deviceSecret)
  await pause(Math.min(settleMs, 1000 * seconds))
  opened.add(async () => pings.close())
  const idleMb = await broker.memoryMb()
  print(`idle_memory_mb_${size}_targets`, idleMb, 'MB')

  const memory = new MemoryWatch(broker)
  const started = performance.now()
  const { id } = await startOperation(broker, { all: true }, devices)
  await until(broker, id, ({ sensors }) => sensors >= targets)
  print(`expansion_targets_per_second_${size}`, targets / ((performance.now() - started) / 1000), 'targets/s')
  print(`expansion_ping_p99_ms_${size}_targets`, percentile(await pings.taken(), 0.99), 'ms')
  await until(broker, id, ({ counts }) => counts.completed >= online.length)
  await pause(1000 * Math.min(seconds, 5))
  print(`memory_growth_mb_${size}_targets`, (await memory.stop()) - idleMb, 'MB')

  // Devices take the offer and report nothing: they are in progress when the broker dies.
  await fleet.hold()
  const second = await startOperation(broker, { all: true }, devices)
  await until(broker, second.id, ({ sensors, counts }) => sensors >= targets / 10 && counts.inProgress > 0)
  pings.close()
  await broker.kill()
  await fleet.close()
  broker = await BrokerProcess.start(wishes)
  print(`restart_ready_seconds_${size}_targets`, broker.readySeconds, 's')
  const { counts } = await broker.call<OperationView>('GET', `/v1/operations/${second.id}`)
  if (counts.inProgress === 0) throw new Error('no device was in progress when the broker was killed')
  await until(broker, second.id, ({ sensors }) => sensors >= targets / 5)
}

async function until(
  broker: BrokerProcess,
  id: string,
  holds: (operation: OperationView) => boolean,
): Promise<OperationView> {
  for (;;) {
    const operation = await broker.call<OperationView>('GET', `/v1/operations/${id}`)
    if (holds(operation)) return operation
    await pause(50)
  }
}
