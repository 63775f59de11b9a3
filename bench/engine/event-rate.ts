// How many events a second the broker acknowledges after they are durable, through real MQTT, while it drives operations
// over the devices that report them; what share that is of a bare LevelDB loop writing the same rows; and what the same
// devices get from Aedes alone, which stores nothing. Turn about: while one is measured the others rest, and the shares
// are taken within each round.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { recordedBatches, replay } from './bare-loop.ts'
import { BrokerProcess, pause } from './broker-process.ts'
import { FleetProcesses } from './fleet-process.ts'
import { Opened } from './opened.ts'
import { bundle, OperationFeed, operationsAlive, uploadRelease } from './operations.ts'
import { PlainAedes } from './plain-aedes-process.ts'
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
  const plain = await PlainAedes.start()
  opened.add(() => plain.close())
  const plainFleet = await FleetProcesses.open(plain.port, online, { window, digest: bundle.manifest.installedSha256 })
  opened.add(() => plainFleet.close())
  await plainFleet.hold()
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

  const figures: { readonly ours: Speed; readonly plain: Speed; readonly bare: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    const ours = await speedOf(fleet, broker, seconds)
    const bare = eventsRecorded / (await replay(batches, folder))
    figures.push({ ours, bare, plain: await speedOf(plainFleet, plain, seconds) })
  }
  await feed.close()
  await fleet.close()
  const medianOf = (of: (round: (typeof figures)[number]) => number): number => median(figures.map(of))
  const metric = 'durable_events_per_second'
  print(
    metric,
    medianOf(({ ours }) => ours.rate),
    'events/s',
  )
  print(
    metric,
    medianOf(({ bare }) => bare),
    'events/s',
    'level batch(sync), same rows',
  )
  print(
    metric,
    medianOf(({ plain: { rate } }) => rate),
    'events/s',
    'aedes',
  )
  print(
    'share_of_bare_level',
    medianOf(({ ours, bare }) => ours.rate / bare),
    'ratio',
  )
  print(
    'share_of_aedes',
    medianOf(({ ours, plain: { rate } }) => ours.rate / rate),
    'ratio',
  )
  print(
    'broker_cpu_per_event',
    medianOf(({ ours }) => ours.cpuMicroseconds),
    'us',
  )
  print(
    'broker_cpu_per_event',
    medianOf(({ plain: { cpuMicroseconds } }) => cpuMicroseconds),
    'us',
    'aedes',
  )
  print('rows_per_event', rows / eventsRecorded, 'rows')
  print('events_per_batch', eventsRecorded / batches.length, 'events')
  print('operations_made', feed.count, 'operations')
}

interface Speed {
  /** Events acknowledged a second. */
  readonly rate: number
  /** Of the broker's process, all threads, an event. */
  readonly cpuMicroseconds: number
}

/** The fleet works for so long and rests again. */
async function speedOf(
  fleet: FleetProcesses,
  broker: { cpuSeconds(): Promise<number> },
  seconds: number,
): Promise<Speed> {
  fleet.go()
  await pause(Math.min(1000, 250 * seconds))
  const cpuBefore = await broker.cpuSeconds()
  const begin = await fleet.count()
  await pause(1000 * seconds)
  const end = await fleet.count()
  const cpuSeconds = (await broker.cpuSeconds()) - cpuBefore
  await fleet.hold()
  const events = end.acknowledged - begin.acknowledged
  return { rate: events / ((end.at - begin.at) / 1000), cpuMicroseconds: (cpuSeconds * 1e6) / events }
}

/** So many that a batch more or less at either end does not matter. */
function eventsRecordedLeast({ devices, window }: EngineSettings): number {
  return 10 * devices * window
}
