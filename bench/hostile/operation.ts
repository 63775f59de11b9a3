// One operation over a fleet of virtual sensors on a broker with its own limits, alone or beside an attack: how long its
// devices waited, how long others waited for the PUBACK of an event, what the broker paid, and what the attack came to.

import { reportOf } from '../../simulator/fleet/findings-report.ts'
import { percentile as latencyAt } from '../../simulator/report/latency.ts'
import { UsageError } from '../../simulator/verbs/verb-host.ts'
import { pause } from '../engine/broker-process.ts'
import { MemoryWatch } from '../engine/memory-watch.ts'
import type { Opened } from '../engine/opened.ts'
import { percentile } from '../engine/printing.ts'
import { deviceSecret } from '../engine/registry.ts'
import { measuredFleet } from '../fleet/measured.ts'
import type { AttackCounts, AttackName } from './attack.ts'
import { AttackerProcess } from './attacker-process.ts'
import type { HostileSettings } from './settings.ts'
import { openStage } from './stage.ts'
import { Witness } from './witness.ts'

export interface OperationFigures {
  /** From the offer to the success, of the slowest hundredth. */
  readonly totalP99Ms: number
  /** Of events of devices that have no part in it, from PUBLISH to PUBACK. */
  readonly eventP99Ms: number
  readonly seconds: number
  /** Of the broker while the operation ran. */
  readonly cpuSeconds: number
  readonly memoryMost: number
  /** When the attack was over for a while. */
  readonly memoryAfter: number
  readonly attack: AttackFiguresAlone | undefined
}

export interface AttackFiguresAlone {
  /** Of the attack while nothing else happened. */
  readonly counts: AttackCounts
  readonly seconds: number
  /** Of the broker. */
  readonly cpuSeconds: number
  /** Of the attacker: processor seconds a second. */
  readonly cores: number
  /** From its beginning to its end. */
  readonly all: AttackCounts
}

const witnessCount = 4
const addressesOf: Readonly<Record<AttackName, number>> = { strangers: 250, flood: 10, headers: 50, 'half-open': 50 }

export async function runOperation(
  opened: Opened,
  settings: HostileSettings,
  { attack, tls = false }: { readonly attack?: AttackName; readonly tls?: boolean },
): Promise<OperationFigures> {
  const attackers = Array.from({ length: settings.flooders }, (_, index) => `attacker-${index}`)
  const witnessNames = Array.from({ length: witnessCount }, (_, index) => `witness-${index}`)
  const { broker, flags } = await openStage(opened, { tls, credentials: [...attackers, ...witnessNames] })
  const witnesses = await Promise.all(
    witnessNames.map(name => Witness.open({ port: broker.mqttPort, name, password: deviceSecret })),
  )
  opened.add(async () => {
    for (const witness of witnesses) witness.close()
  })
  const memory = new MemoryWatch(broker)
  let found: Omit<OperationFigures, 'totalP99Ms' | 'seconds' | 'memoryAfter' | 'memoryMost'> | undefined

  const { findings, preparation } = await measuredFleet([...flags, ...fleetFlags(settings)], async update => {
    const attacker =
      attack &&
      (await AttackerProcess.begin({
        name: attack,
        port: broker.mqttPort,
        addresses: addressesOf[attack],
        sockets: attack === 'headers' ? Math.ceil(settings.sockets / 10) : settings.sockets,
        devices: attackers.map(device => ({ device, secret: deviceSecret })),
        share: settings.share / 100,
      }))
    if (attacker !== undefined) opened.add(() => attacker.end())
    await pause(settings.lead * 1000)
    for (const witness of witnesses) witness.begin()
    const cpuBefore = await broker.cpuSeconds()
    const ended = await update()
    const cpuSeconds = (await broker.cpuSeconds()) - cpuBefore
    const waits = witnesses.flatMap(witness => witness.end())
    found = {
      eventP99Ms: percentile(waits, 0.99),
      cpuSeconds,
      attack: attacker && (await alone(attacker, () => broker.cpuSeconds(), settings.alone)),
    }
    await attacker?.end()
    return ended
  })
  const totalP99Ms = latencyAt(reportOf(preparation, findings).latencies.total, 0.99)
  const { operation } = findings
  if (found === undefined || totalP99Ms === undefined || operation?.completedAt == null)
    throw new Error('the operation did not come to its end')
  if (operation.counts.failed > 0) throw new Error(`${operation.counts.failed} devices of the operation failed`)
  await pause(settings.lead * 1000)
  const memoryMost = await memory.stop()
  return {
    ...found,
    totalP99Ms,
    seconds: (Date.parse(operation.completedAt) - Date.parse(operation.startedAt ?? operation.requestedAt)) / 1000,
    memoryMost,
    memoryAfter: await broker.memoryMb(),
  }
}

async function alone(
  attacker: AttackerProcess,
  brokerCpu: () => Promise<number>,
  seconds: number,
): Promise<AttackFiguresAlone> {
  const [cpuBefore, before] = await Promise.all([brokerCpu(), attacker.figures()])
  const startedMs = performance.now()
  await pause(seconds * 1000)
  const [cpuAfter, after] = await Promise.all([brokerCpu(), attacker.figures()])
  const took = (performance.now() - startedMs) / 1000
  const counts = Object.entries(after.counts).map(
    ([name, count]) => [name, count - (before.counts[name] ?? 0)] as const,
  )
  return {
    counts: Object.fromEntries(counts),
    seconds: took,
    cpuSeconds: cpuAfter - cpuBefore,
    cores: (after.cpuSeconds - before.cpuSeconds) / took,
    all: after.counts,
  }
}

function fleetFlags({ devices, image, concurrency }: HostileSettings): readonly string[] {
  const perSecond = 250
  // The operation begins when all are there, and nothing before it counts.
  const warmUpMs = Math.ceil((devices / perSecond) * 1000) + 1000
  if (!Number.isInteger(image)) throw new UsageError('--image: expected KiB')
  return [
    ...['--devices', String(devices), '--prefix', 'sensor', '--image-size', `${image}KiB`],
    ...['--concurrency', String(concurrency), '--telemetry', '1/5s,qos1,64B', '--ramp', `${perSecond}/s`],
    ...['--warm-up', `${warmUpMs}ms`, '--processes', '1', '--limit', '5m'],
  ]
}
