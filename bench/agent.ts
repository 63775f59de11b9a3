// What an update costs the device: the agent in a process of its own, updated by a broker in another one, with a small
// image and with a large one. Memory is the most the kernel ever saw resident (VmHWM), so nothing is missed between two
// looks. Every second MiB of the new image is as it was.
//
// `--small MIB --large MIB` are the two sizes; `--average KIB` is that of the chunks.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AgentProcess } from './agent/agent-process.ts'
import { bundleOf, imagesOf, mebibyte } from './agent/images.ts'
import { BrokerProcess, pause } from './engine/broker-process.ts'
import { Opened } from './engine/opened.ts'
import { type Print, printer } from './engine/printing.ts'
import { component, deviceName, fillRegistry, token } from './engine/registry.ts'

interface Figures {
  readonly peakMib: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly heldMib: number
  readonly receivedMib: number
}

/** About five minutes on two free cores, most of them for the large image; needs five times its size on the disk. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const options = { small: { type: 'string' }, large: { type: 'string' }, average: { type: 'string' } } as const
  const { small = '16', large = '1024', average = '16' } = parseArgs({ args: [...args], options }).values
  const sizes = [small, large].map(Number)
  if (![...sizes, Number(average)].every(size => Number.isInteger(size) && size > 0))
    throw new RangeError('--small, --large, --average: expected whole numbers above 0')
  const print = printer(json, 'agent')
  const peaks: number[] = []
  for (const imageMib of sizes) {
    const figures = await measured(imageMib, Number(average) * 1024)
    printed(print, imageMib, figures)
    peaks.push(figures.peakMib)
  }
  print('agent_rss_difference_mib', (peaks[1] ?? 0) - (peaks[0] ?? 0), 'MiB')
}

function printed(print: Print, imageMib: number, figures: Figures): void {
  const size = `${imageMib}_mib`
  print(`agent_peak_rss_mib_${size}`, figures.peakMib, 'MiB')
  print(`update_seconds_${size}`, figures.seconds, 's')
  print(`agent_cpu_seconds_${size}`, figures.cpuSeconds, 's')
  print(`held_mib_${size}`, figures.heldMib, 'MiB')
  print(`received_mib_${size}`, figures.receivedMib, 'MiB')
}

function measured(imageMib: number, averageBytes: number): Promise<Figures> {
  return Opened.during(async opened => {
    const folder = await mkdtemp(join(tmpdir(), 'drover-bench-agent-'))
    opened.add(() => rm(folder, { recursive: true, force: true }))
    const device = deviceName(0)
    await mkdir(join(folder, 'data'))
    await fillRegistry(folder, 1, [device])
    const broker = await BrokerProcess.start({ folder, token })
    opened.add(() => broker.stop())
    const { before, after } = imagesOf(imageMib)
    const bundle = bundleOf(after, averageBytes)
    const upload = await broker.upload('/v1/artifacts', bundle.parts)
    if (!upload.ok) throw new Error(`the upload: ${upload.status} ${await upload.text()}`)
    const agent = await AgentProcess.start({
      folder,
      device,
      image: before,
      trust: bundle.trust,
      port: broker.mqttPort,
    })
    opened.add(() => agent.stop())
    const started = performance.now()
    const policy = { concurrency: 1 }
    const order = { type: 'firmware-update', release: `${component}@2.0.0`, targets: { devices: [device] }, policy }
    const { id } = await broker.call<{ readonly id: string }>('POST', '/v1/operations', order)
    for (;;) {
      const { counts } = await broker.call<{
        readonly counts: { readonly completed: number; readonly failed: number }
      }>('GET', `/v1/operations/${id}`)
      if (counts.failed > 0 || agent.ended) throw new Error(`the update failed:\n${await agent.logEnd()}`)
      if (counts.completed > 0) break
      await pause(100)
    }
    const seconds = (performance.now() - started) / 1000
    const { heldBytes, receivedBytes } = await agent.download()
    return {
      peakMib: await agent.peakMib(),
      seconds,
      cpuSeconds: await agent.cpuSeconds(),
      heldMib: heldBytes / mebibyte,
      receivedMib: receivedBytes / mebibyte,
    }
  })
}
