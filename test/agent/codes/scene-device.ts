// A device as it is provisioned: a folder with configuration, trust document, image from the factory, and the agent on it
// with all its real adapters, in this process. What no real thing can do is put around a port.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AgentPorts, Log } from '../../../agent/ports.ts'
import { run } from '../../../agent/run.ts'
import { parseConfig } from '../../../agent/settings/config.ts'
import { makeImage, makeTrust, testClassId, testKeys, testVendorId } from '../../fixtures/bundle.ts'

/** What every device of a story has from the factory, unless said otherwise. */
export const factoryImage = makeImage(20_000, 1)
const good = makeTrust(testKeys())

export interface DeviceWishes {
  /** Of `agent.json`; paths are meant from the folder of the device. */
  readonly settings?: object
  /** `absent`: the device was never given one. */
  readonly trust?: Uint8Array | 'absent'
  /** Before the first start. */
  readonly prepare?: (folder: string) => Promise<void>
  readonly wrapPorts?: (ports: AgentPorts) => AgentPorts
  /** Where the device finds the broker: the port of something in between. */
  readonly line?: (mqttPort: number) => Promise<number>
}

export class SceneDevice {
  readonly id: string
  readonly folder: string
  /** Every line the agent logs, as JSON. */
  readonly log: string[] = []
  readonly #wishes: DeviceWishes
  readonly #file: string
  #stop = new AbortController()
  #running: Promise<void> | undefined

  static async provision(
    folder: string,
    { id, secret, mqttPort }: { readonly id: string; readonly secret: string; readonly mqttPort: number },
    wishes: DeviceWishes,
  ): Promise<SceneDevice> {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'factory'), factoryImage)
    if (wishes.trust !== 'absent') await writeFile(join(folder, 'trust'), wishes.trust ?? good)
    await wishes.prepare?.(folder)
    const port = (await wishes.line?.(mqttPort)) ?? mqttPort
    const settings = {
      deviceId: id,
      url: `mqtt://127.0.0.1:${port}`,
      password: secret,
      vendorId: testVendorId,
      classId: testClassId,
      dataDir: 'data',
      trustFile: 'trust',
      components: [{ name: 'main', version: '1.0.0', image: 'factory', reboot: false }],
      reconnect: { baseMs: 50, capMs: 200 },
      logLevel: 'debug',
      ...wishes.settings,
    }
    return new SceneDevice(id, folder, JSON.stringify(settings), wishes)
  }

  private constructor(id: string, folder: string, file: string, wishes: DeviceWishes) {
    this.id = id
    this.folder = folder
    this.#file = file
    this.#wishes = wishes
  }

  /** A file of the device. */
  path(...names: readonly string[]): string {
    return join(this.folder, ...names)
  }

  /** The image in a slot of a component. */
  image(slot: 'a' | 'b', component = 'main'): string {
    return this.path('data', 'components', component, slot, 'image')
  }

  async start(): Promise<void> {
    this.#stop = new AbortController()
    const { wrapPorts } = this.#wishes
    this.#running = run({
      config: parseConfig(this.#file, this.path('agent.json')),
      runningSlot: undefined,
      environment: { PATH: '/usr/bin:/bin' },
      log: loggerTo(this.log),
      stop: this.#stop.signal,
      ...(wrapPorts === undefined ? {} : { wrapPorts }),
    })
    // Whoever waits for the device is told; a device that ends too early is seen by its silence.
    this.#running.catch(error => this.log.push(String(error)))
  }

  /** As the service manager does it; what it had not told yet it tells after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Facts of the lines with this event, oldest first. */
  logged(event: string): readonly Record<string, unknown>[] {
    return this.log.map(line => JSON.parse(line) as Record<string, unknown>).filter(line => line.event === event)
  }
}

/** One JSON a line, errors with their stack. */
export function loggerTo(lines: string[]): Log {
  const add = (level: string) => (facts: Readonly<Record<string, unknown>>, text?: string) => {
    const { err, ...rest } = facts
    lines.push(JSON.stringify({ level, ...rest, ...(err instanceof Error ? { err: err.stack } : {}), text }))
  }
  return { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') }
}

/** A program of the device. */
export async function writeProgram(path: string, script: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}
