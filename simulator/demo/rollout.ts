// The story of the demo from the empty folder to what was found at the end. It judges nothing: that is proof.ts.
//
//   images, keys, bundle ┐
//   broker, credentials ─┴▶ 25 devices ▶ all registered ▶ operation ─┬▶ all executions ended ▶ findings
//                                                  one device killed half-way, back later ┘
import { writeFile } from 'node:fs/promises'
import { chunkerDefaults, chunkLengths } from '../../proto/chunker.ts'
import type { EventView, ExecutionView, OperationView, ReleaseView } from '../../proto/http-api.ts'
import { pause } from '../clock.ts'
import { CommandLine } from './command-line.ts'
import { type Display, grouped } from './display.ts'
import {
  fixedChunkBytes,
  fixedLengths,
  type ImagePair,
  makeImages,
  reusableBytes,
  versionAfter,
  versionBefore,
} from './image.ts'
import type { DeviceFinding, Findings } from './proof.ts'
import { demoConcurrency, plans } from './scenario.ts'
import type { Provision, Sensor } from './sensor.ts'
import { type CutOff, cutOff, downloadedShare, installed } from './slot-files.ts'
import type { SlowLink } from './slow-link.ts'
import type { BrokerAddress, Stage } from './stage.ts'
import { together } from './together.ts'

export interface Rollout {
  readonly findings: Findings & { readonly operation: OperationView }
  readonly address: BrokerAddress
}

const imageSeed = 20_260
/** Two cores start no more at once without hindering each other. */
const startsAtOnce = 4
const slowBytesPerSecond = 200_000
const offlineMs = 2500
const lookEveryMs = 500

/** Throws DemoFailed, and the reason of the stage's signal. */
export async function rollOut(stage: Stage, display: Display): Promise<Rollout> {
  const images = makeImages(imageSeed)
  const [imageBefore, imageAfter, keys, bundle] = ['1.0.0.image', '2.0.0.image', 'keys', '2.0.0.bundle'].map(name =>
    stage.path(name),
  ) as [string, string, string, string]
  await Promise.all([writeFile(imageBefore, images.before), writeFile(imageAfter, images.after)])

  display.tell('starting the broker; making keys; cutting, hashing and signing version 2')
  const commands = commandLine(stage, undefined)
  const [address] = await together<[BrokerAddress, unknown]>(
    stage.fail,
    stage.startBroker(),
    commands.createKeys(keys).then(() =>
      commands.createArtifact({
        image: imageAfter,
        version: versionAfter,
        key: stage.path('keys', 'release.pem'),
        out: bundle,
      }),
    ),
  )
  const operator = commandLine(stage, address)

  display.tell(`giving ${plans.length} devices their credentials and starting them`)
  const sensors = plans.map(plan => stage.addSensor(plan))
  const secrets = await operator.enroll(plans.map(({ id }) => id))
  const link = await stage.openSlowLink(address.mqttPort, slowBytesPerSecond)
  const provisionOf = ({ id, plan }: Sensor, mqttPort: number): Provision => ({
    mqttPort,
    secret: secrets.get(id) ?? '',
    trustFile: stage.path('keys', 'trust.bin'),
    imageBytes: images.after.length,
    ...(plan.quirk === 'already-updated'
      ? { version: versionAfter, image: imageAfter }
      : { version: versionBefore, image: imageBefore }),
  })
  const toStart = sensors.values()
  const startSome = async (): Promise<void> => {
    for (const sensor of toStart) {
      await sensor.provision(provisionOf(sensor, sensor.plan.quirk === 'cut-off' ? link.port : address.mqttPort))
      await stage.startSensor(sensor)
    }
  }
  const [release] = await together<[ReleaseView, ...unknown[]]>(
    stage.fail,
    operator.upload(bundle),
    ...Array.from({ length: startsAtOnce }, () => startSome()),
  )
  await allRegistered(operator, stage)

  display.tell(
    `all ${plans.length} devices are registered; updating them to ${release.id}, ${demoConcurrency} at a time`,
  )
  const beforeBytes = link.carriedBytes
  const { id } = await operator.createOperation(release.id, demoConcurrency)
  const ended = new AbortController()
  const comeBack = async (sensor: Sensor): Promise<void> => {
    await sensor.provision(provisionOf(sensor, address.mqttPort))
    await stage.startSensor(sensor)
  }
  const [, cut] = await together<[unknown, KilledHalfWay | undefined]>(
    stage.fail,
    operator.watch(id, ({ counts }) => display.show(counts)).finally(() => ended.abort()),
    cutOffHalfWay(sensors, { images, link, beforeBytes, stage, display, comeBack, ended: ended.signal }),
  )
  display.closeBars()

  display.tell('reading the event log, the slots and the logs of the devices')
  const [operation, executions, events] = await together<
    [OperationView, readonly ExecutionView[], readonly EventView[]]
  >(stage.fail, operator.operation(id), operator.executions(id), operator.events(id))
  const devices = await Promise.all(
    sensors.map(async sensor => {
      const execution = executions.find(({ device }) => device === sensor.id)
      return deviceFinding(sensor, execution, sensor.plan.quirk === 'cut-off' ? cut : undefined)
    }),
  )
  const findings = {
    images,
    devices,
    executionCount: executions.length,
    operation,
    events,
    reusableBytes: reusableBytes(images.before, images.after, image => chunkLengths(image, chunkerDefaults)),
    reusableFixedBytes: reusableBytes(images.before, images.after, image => fixedLengths(image, fixedChunkBytes)),
  }
  return { findings, address }
}

async function deviceFinding(
  sensor: Sensor,
  execution: ExecutionView | undefined,
  cut: KilledHalfWay | undefined,
): Promise<DeviceFinding> {
  const downloads = sensor.downloads()
  const loggedBytes = downloads.reduce((sum, { wireBytes, indexWireBytes }) => sum + wireBytes + indexWireBytes, 0)
  return {
    plan: sensor.plan,
    execution,
    installed: await installed(sensor.componentFolder),
    printed: sensor.printed(),
    downloads,
    // A killed agent logs no figures; the line knows what it carried until then.
    downloadedBytes: loggedBytes + (cut?.carriedBytes ?? 0),
    cutOff: cut,
  }
}

function commandLine({ programs, surroundings, signal }: Stage, address: BrokerAddress | undefined): CommandLine {
  const { node, environment, folder } = surroundings
  const reached = address === undefined ? {} : { DROVER_URL: address.url, DROVER_TOKEN_FILE: address.tokenFile }
  return new CommandLine({ node, program: programs.cli, folder, environment: { ...environment, ...reached }, signal })
}

async function allRegistered(operator: CommandLine, stage: Stage): Promise<void> {
  for (;;) {
    const devices = await operator.devices()
    const there = devices.filter(({ state, online }) => state === 'registered' && online).map(({ id }) => id)
    if (plans.every(({ id }) => there.includes(id))) return
    await pause(lookEveryMs, stage.signal)
  }
}

interface KilledHalfWay extends CutOff {
  /** What the line had carried to the device since the operation began. */
  readonly carriedBytes: number
}

interface CutOffMeans {
  readonly images: ImagePair
  readonly link: SlowLink
  /** What it had carried before the operation began. */
  readonly beforeBytes: number
  readonly stage: Stage
  readonly display: Display
  readonly comeBack: (sensor: Sensor) => Promise<void>
  /** All executions ended: there is nothing left to be cut off. */
  readonly ended: AbortSignal
}

/** Undefined when the moment never came; proof.ts then tells so. */
async function cutOffHalfWay(
  sensors: readonly Sensor[],
  { images, link, beforeBytes, stage, display, comeBack, ended }: CutOffMeans,
): Promise<KilledHalfWay | undefined> {
  const sensor = sensors.find(({ plan }) => plan.quirk === 'cut-off')
  if (sensor === undefined) return undefined
  while (downloadedShare(sensor.componentFolder, images) < 0.5) {
    if (ended.aborted) return undefined
    await pause(15, stage.signal)
  }
  await sensor.kill()
  const carriedBytes = link.carriedBytes - beforeBytes
  const cut = await cutOff(sensor.componentFolder, images)
  display.tell(
    `${sensor.id} was cut off with ${grouped(cut.heldBytes)} of the ${grouped(cut.missingBytes)} bytes it lacked`,
  )
  await pause(offlineMs, stage.signal)
  await comeBack(sensor)
  display.tell(`${sensor.id} is back and goes on where it stopped`)
  return { ...cut, carriedBytes }
}
