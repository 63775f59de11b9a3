// One device of the demo: its folder, its process, and what its log says. What lies in its slots is slot-files.ts.
//
//   <folder>/agent.json · password · data/ (journal, components/<name>/record.json, a|b/image, a|b/index) · log
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nowMs, pause } from '../clock.ts'
import { Background, killGroup, type Surroundings } from './background.ts'
import { DemoFailed } from './failure.ts'
import { versionLine } from './image.ts'
import { type DevicePlan, demoClassId, demoComponent, demoVendorId, otherClassId } from './scenario.ts'

export interface Provision {
  readonly mqttPort: number
  readonly secret: string
  readonly trustFile: string
  /** Version and file of the image the device comes with. */
  readonly version: string
  readonly image: string
  /** Bytes. */
  readonly imageBytes: number
}

/** One download that came to its end, in the agent's own figures (bytes). */
export interface CompletedDownload {
  /** Chunks that were held or copied, not fetched. */
  readonly heldBytes: number
  /** Plain length of the chunks fetched. */
  readonly receivedBytes: number
  /** What of them came over the line. */
  readonly wireBytes: number
  /** The chunk index, when it had to be fetched. */
  readonly indexWireBytes: number
}

const startLimitMs = 30_000
/** Boot gives an image 10 s to end. */
const stopMs = 12_000
/** A download so slow and so small that half of it is a moment one can hit. */
const windowBytesLeast = 16 * 1024

export class Sensor {
  readonly plan: DevicePlan
  readonly #folder: string
  readonly #agentProgram: string
  #background: Background | undefined

  constructor(plan: DevicePlan, folder: string, agentProgram: string) {
    this.plan = plan
    this.#folder = folder
    this.#agentProgram = agentProgram
  }

  get id(): string {
    return this.plan.id
  }

  get logFile(): string {
    return join(this.#folder, 'log')
  }

  get pid(): number {
    return this.#background?.pid ?? 0
  }

  /** Writes the folder; may be repeated to change the line. */
  async provision({ mqttPort, secret, trustFile, version, image, imageBytes }: Provision): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const { quirk } = this.plan
    const config = {
      deviceId: this.id,
      url: `mqtt://127.0.0.1:${mqttPort}`,
      passwordFile: 'password',
      vendorId: demoVendorId,
      classId: quirk === 'other-class' ? otherClassId : demoClassId,
      dataDir: 'data',
      trustFile,
      components: [{ name: demoComponent, version, image, reboot: true }],
      reconnect: { baseMs: 200, capMs: 2000 },
      ...(quirk === 'small-disk' ? { storageBytesMax: Math.floor(imageBytes * 1.5) } : {}),
      ...(quirk === 'unhealthy' ? { health: { command: this.#healthCommand(), timeoutMs: 10_000 } } : {}),
      ...(quirk === 'cut-off' ? { windowBytes: windowBytesLeast } : {}),
    }
    await writeFile(join(this.#folder, 'password'), `${secret}\n`, { mode: 0o600 })
    await writeFile(join(this.#folder, 'agent.json'), `${JSON.stringify(config, null, 2)}\n`)
  }

  /** Resolves when the agent has said that it started. Throws DemoFailed, and the reason of the signal. */
  async start(surroundings: Surroundings, onLost: (failure: DemoFailed) => void, signal: AbortSignal): Promise<void> {
    const startedBefore = this.#events('started').length
    this.#background = await Background.start(
      {
        name: this.id,
        arguments: [this.#agentProgram, '--config', join(this.#folder, 'agent.json')],
        logFile: this.logFile,
      },
      { ...surroundings, folder: this.#folder },
      onLost,
      signal,
    )
    const latestMs = nowMs() + startLimitMs
    while (this.#events('started').length === startedBefore) {
      if (nowMs() > latestMs)
        throw new DemoFailed(`${this.id}: the agent did not start within ${startLimitMs} ms`, [this.logFile])
      await pause(50, signal)
    }
  }

  /** In order, by SIGTERM; what does not end is killed. Resolves with false when that was necessary. */
  async stop(): Promise<boolean> {
    const inOrder = (await this.#background?.stop(stopMs)) ?? true
    if (!inOrder) killGroup(this.#agentPid())
    return inOrder
  }

  /** As a power cut does it: boot, image and agent at once. */
  async kill(): Promise<void> {
    // Boot first: it would start the image again.
    const agentPid = this.#agentPid()
    await this.#background?.killNow()
    killGroup(agentPid)
  }

  leave(): void {
    this.#background?.leave()
  }

  /** Versions the programs in the slots printed, in order; one that repeats itself counts once. */
  printed(): string[] {
    const versions = this.#lines().flatMap(line =>
      line.startsWith(versionLine) ? [line.slice(versionLine.length).split(' ')[0] ?? ''] : [],
    )
    return versions.filter((version, position) => version !== versions[position - 1])
  }

  downloads(): CompletedDownload[] {
    return this.#events('download-completed').map(event => {
      const bytes = (name: string): number => {
        const value = event[name]
        if (typeof value === 'number') return value
        throw new DemoFailed(`${this.id}: download-completed without ${name} in its log`, [this.logFile])
      }
      return {
        heldBytes: bytes('heldBytes'),
        receivedBytes: bytes('receivedBytes'),
        wireBytes: bytes('wireBytes'),
        indexWireBytes: bytes('indexWireBytes'),
      }
    })
  }

  /** Where record, images and indexes of the component lie. */
  get componentFolder(): string {
    return join(this.#folder, 'data', 'components', demoComponent)
  }

  /** Accepts only the slot a device comes from the factory with. */
  #healthCommand(): readonly string[] {
    return ['/bin/sh', '-c', 'echo "running from slot $DROVER_SLOT"; test "$DROVER_SLOT" = a']
  }

  /** The agent keeps the number of the program that started it, which printed it. */
  #agentPid(): number {
    const line = this.#lines().findLast(text => text.startsWith(versionLine))
    return Number(/ process (\d+)$/.exec(line ?? '')?.[1] ?? 0)
  }

  #events(name: string): Readonly<Record<string, unknown>>[] {
    return this.#lines().flatMap(line => {
      if (!line.includes(`"${name}"`)) return []
      try {
        const fields: unknown = JSON.parse(line)
        return isRecord(fields) && fields.event === name ? [fields] : []
      } catch {
        // Half a line: a process was killed while it wrote, or writes now.
        return []
      }
    })
  }

  #lines(): string[] {
    try {
      return readFileSync(this.logFile, 'utf8').split('\n')
    } catch {
      // No log before the first start.
      return []
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
