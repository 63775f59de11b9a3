// How many events a second the broker acknowledges after they are durable, through real MQTT, while it drives operations
// over the devices that report them; and what share that is of a bare LevelDB loop writing the same rows. Turn about:
// while one is measured the other rests, and the share is taken within each pair.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { recordedBatches, replay } from './bare-loop.ts'
import { BrokerProcess, pause } from './broker-process.ts'
import { FleetProcesses } from './fleet-process.ts'
import { Opened } from './opened.ts'
import { bundle, OperationFeed, operationsAlive, uploadRelease } from './operations.ts'
import { median, type Print } from './printing.ts'
import { fillRegistry, spreadDevices, token } from './registry.ts'
import type { EngineSettings } from './settings.ts'

const recorder = new URL('./record-batches.js', import.meta.url).href

export function measureEventRate(folder: string, settings: EngineSettings, print: Print): Promise<void> {
  return Opened.during(opened => measure(opened, folder, settings, print))
}

async function measure(opened: Opened, folder: string, settings: EngineSettings, print: Print): Promise<void> {
  const { devices, targetsSmall, seconds, rounds, window, profile } = settings
  const online = spreadDevices(targetsSmall, devices)
  await fillRegistry(folder, targetsSmall, online)
  const recording = join(folder, 'batches.jsonl')
  const profiler = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const broker = await BrokerProcess.start({
    folder,
    token,
    nodeArgs: [`--import=${fileURLToPath(recorder)}`, ...profiler],
    environment: { DROVER_BENCH_BATCHES: recording },
    args: ['--log-level', 'warn'],
  })
  opened.add(() => broker.stop())
  await uploadRelease(broker)
  const fleet = await FleetProcesses.open(broker.mqttPort, online, {
    window,
    digest: bundle.manifest.installedSha256,
  })
  opened.add(() => fleet.close())
  const feed = await OperationFeed.open(broker, online, operationsAlive)
  await pause(500 * Math.min(seconds, 4))

  broker.signal('SIGUSR2')
  const from = await fleet.count()
  let to = from
  // On a busy machine half a second may hold one batch, or none.
  for (let waits = 0; waits < 40 && to.acknowledged - from.acknowledged < eventsRecordedLeast(settings); waits += 1) {
    await pause(500)
    to = await fleet.count()
  }
  broker.signal('SIGUSR2')
  await fleet.hold()
  const batches = await recordedBatches(recording)
  const eventsRecorded = to.acknowledged - from.acknowledged
  const rows = batches.reduce((sum, batch) => sum + batch.length, 0)

  const [ours, bare, shares, cpu]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let round = 0; round < rounds; round += 1) {
    fleet.go()
    await pause(Math.min(1000, 250 * seconds))
    const cpuBefore = await broker.cpuSeconds()
    const begin = await fleet.count()
    await pause(1000 * seconds)
    const end = await fleet.count()
    const events = end.acknowledged - begin.acknowledged
    const rate = events / ((end.at - begin.at) / 1000)
    cpu.push((((await broker.cpuSeconds()) - cpuBefore) * 1e6) / events)
    await fleet.hold()
    const bareRate = eventsRecorded / (await replay(batches, folder))
    ours.push(rate)
    bare.push(bareRate)
    shares.push(rate / bareRate)
  }
  await feed.close()
  await fleet.close()
  print('durable_events_per_second', median(ours), 'events/s')
  print('durable_events_per_second', median(bare), 'events/s', 'level batch(sync), same rows')
  print('share_of_bare_level', median(shares), 'ratio')
  print('broker_cpu_per_event', median(cpu), 'us')
  print('rows_per_event', rows / eventsRecorded, 'rows')
  print('events_per_batch', eventsRecorded / batches.length, 'events')
  print('operations_made', feed.count, 'operations')
}

/** So many that a batch more or less at either end does not matter. */
function eventsRecordedLeast({ devices, window }: EngineSettings): number {
  return 10 * devices * window
}
