// What the console's pages cost a broker with a fleet in it: for each request the time to the answer, and how long the
// event loop of the broker was held meanwhile. The store is filled beforehand; the requests are those of operator/console.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fillConsole } from './console/filling.ts'
import { LoopDelay, probeArgs, probeEnvironment } from './console/loop-delay.ts'
import { measureRequests } from './console/requests.ts'
import { type ConsoleSettings, readSettings } from './console/settings.ts'
import { measureStreams } from './console/streams.ts'
import { BrokerProcess } from './engine/broker-process.ts'
import { Opened } from './engine/opened.ts'
import { uploadRelease } from './engine/operations.ts'
import { printer } from './engine/printing.ts'
import { fillRegistry, spreadDevices, token } from './engine/registry.ts'

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  let settings: ConsoleSettings
  try {
    settings = readSettings(args)
  } catch (error) {
    console.error(`console: ${(error as Error).message}`)
    process.exitCode = 2
    return
  }
  const folder = settings.keep ?? (await mkdtemp(join(tmpdir(), 'drover-bench-console-')))
  const print = printer(json, 'console')
  try {
    await Opened.during(async opened => {
      const online = spreadDevices(settings.devices, settings.connected)
      await fillRegistry(folder, settings.devices, online)
      const filled = await fillConsole(folder, settings, new Set(online))
      const broker = await BrokerProcess.start({
        folder,
        token,
        nodeArgs: probeArgs,
        environment: probeEnvironment(folder),
        args: ['--log-level', 'warn'],
      })
      opened.add(() => broker.stop())
      await uploadRelease(broker)
      const delay = await LoopDelay.open(folder)
      await measureRequests(broker, delay, filled, settings, print)
      await measureStreams(opened, broker, delay, online, settings, print)
    })
  } finally {
    if (settings.keep === undefined) await rm(folder, { recursive: true, force: true })
  }
}
