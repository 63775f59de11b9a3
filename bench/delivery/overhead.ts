// What an update takes on the wire beside the bytes of the image: real agents, updated by the broker as it is installed,
// and the bytes as the broker's sockets count them, from CONNECT to the last event. The image is new and incompressible,
// so all of it travels; what it takes beyond that is overhead, the chunk index too.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chunkerDefaults } from '../../proto/chunker.ts'
import { AgentProcess } from '../agent/agent-process.ts'
import { bundleOf, imagesOf, mebibyte } from '../agent/images.ts'
import { BrokerProcess, pause } from '../engine/broker-process.ts'
import { Opened } from '../engine/opened.ts'
import type { Print } from '../engine/printing.ts'
import { component, deviceName, fillRegistry, token } from '../engine/registry.ts'
import type { SocketBytes } from './count-sockets.ts'
import type { DeliveryBenchSettings } from './settings.ts'

const counter = new URL('./count-sockets.js', import.meta.url).href
const lookMs = 100
/** For what the agent says after the last word that is waited for. */
const settleMs = 500
const looksMost = 600

interface Overhead {
  readonly downPercent: number
  readonly upPercent: number
}

export async function measureOverhead({ small, large, quick }: DeliveryBenchSettings, print: Print): Promise<void> {
  const worst = { down: 0, up: 0 }
  const images = quick
    ? ([[small, 1]] as const)
    : ([
        [small, 3],
        [large, 1],
      ] as const)
  for (const [imageMib, agents] of images) {
    const { downPercent, upPercent } = await Opened.during(opened => measure(opened, imageMib, agents))
    print(`downlink_overhead_percent_${imageMib}_mib`, downPercent, '%')
    print(`uplink_overhead_percent_${imageMib}_mib`, upPercent, '%')
    worst.down = Math.max(worst.down, downPercent)
    worst.up = Math.max(worst.up, upPercent)
  }
  print('downlink_overhead_percent', worst.down, '%')
  print('uplink_overhead_percent', worst.up, '%')
}

async function measure(opened: Opened, imageMib: number, agentCount: number): Promise<Overhead> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-bench-overhead-'))
  opened.add(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'data'))
  const devices = Array.from({ length: agentCount }, (_, number) => deviceName(number))
  await fillRegistry(folder, agentCount, devices)
  const socketsFile = join(folder, 'sockets.json')
  const nodeArgs = ['--import', counter]
  const broker = await BrokerProcess.start({
    folder,
    token,
    nodeArgs,
    environment: { DROVER_BENCH_SOCKETS: socketsFile },
  })
  opened.add(() => broker.stop())
  const { before, after } = imagesOf(imageMib)
  const bundle = bundleOf(after, chunkerDefaults.averageBytes)
  const upload = await broker.upload('/v1/artifacts', bundle.parts)
  if (!upload.ok) throw new Error(`the upload: ${upload.status} ${await upload.text()}`)
  const agents = await Promise.all(
    devices.map(async device => {
      const own = join(folder, device)
      await mkdir(own)
      // Too small to have a chunk of the new one.
      const image = before.subarray(1, 1025)
      const wishes = { folder: own, device, image, trust: bundle.trust, port: broker.mqttPort }
      const agent = await AgentProcess.start(wishes)
      opened.add(() => agent.stop())
      return agent
    }),
  )
  await update(broker, devices)
  await pause(settleMs)
  broker.signal('SIGUSR2')
  await pause(settleMs)
  const sockets = JSON.parse(await readFile(socketsFile, 'utf8')) as SocketBytes
  const { down = 0, up = 0 } = sockets[broker.mqttPort] ?? {}
  const moved = imageMib * mebibyte * agentCount
  const received = (await Promise.all(agents.map(agent => agent.download()))).map(({ receivedBytes }) => receivedBytes)
  if (received.reduce((sum, bytes) => sum + bytes, 0) !== moved)
    throw new Error(`expected that all of the image travels, ${received} bytes did`)
  return { downPercent: (down / moved - 1) * 100, upPercent: (up / moved) * 100 }
}

async function update(broker: BrokerProcess, devices: readonly string[]): Promise<void> {
  const policy = { concurrency: devices.length }
  const order = { type: 'firmware-update', release: `${component}@2.0.0`, targets: { devices }, policy }
  const { id } = await broker.call<{ readonly id: string }>('POST', '/v1/operations', order)
  for (let look = 0; look < looksMost; look += 1) {
    const path = `/v1/operations/${id}`
    const { counts } = await broker.call<{ counts: { completed: number; failed: number } }>('GET', path)
    if (counts.failed > 0) throw new Error('an update failed')
    if (counts.completed === devices.length) return
    await pause(lookMs)
  }
  throw new Error('the updates took too long')
}
