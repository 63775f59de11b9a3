// The device under examination: whatever can be started on a provision, killed as a power cut does it, and started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { kill } from 'node:process'
import type { DeviceId } from '../../proto/ids.ts'
import { nowMs, pause, within } from '../clock.ts'

/** What a device must be configured with. Paths are absolute. */
export interface Provision {
  readonly host: string
  readonly port: number
  readonly device: DeviceId
  readonly secret: string
  /** SignedEnvelope of the trust document. */
  readonly trust: string
  /** Of the device alone, to keep whatever it likes in. */
  readonly folder: string
  /** What it has installed from the factory, as `version` of `component`. */
  readonly image: string
  readonly vendor: string
  readonly class: string
  readonly component: string
  readonly version: string
}

export interface RunningCandidate {
  /** At once, everything it has started with it. It stays down until `resume`. */
  kill(): Promise<void>
  /** On the same folder; nothing when it runs. */
  resume(): Promise<void>
  /** For good. */
  stop(): Promise<void>
}

export type Candidate = (provision: Provision) => Promise<RunningCandidate>

const placeholders = /\{(host|port|device|secret|trust|folder|image|vendor|class|component|version)\}/g
/** Between an end of the device by itself and its next start, doubled up to the most. */
const restartLeastMs = 50
const restartMostMs = 2000
const endLimitMs = 5000

/** `text` with every `{name}` of a provision in its place, each quoted for the shell. */
export function filled(text: string, provision: Provision): string {
  return text.replace(
    placeholders,
    (_, name: keyof Provision) => `'${String(provision[name]).replaceAll("'", "'\\''")}'`,
  )
}

/** A command of the shell; its output goes to the file `log` in the device's folder. `environment` is all it gets. */
export function commandCandidate(command: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Candidate {
  return async provision => {
    const device = new CommandDevice(filled(command, provision), provision.folder, environment, signal)
    await device.resume()
    return device
  }
}

class CommandDevice implements RunningCandidate {
  readonly #command: string
  readonly #folder: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #signal: AbortSignal
  #wanted = false
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #keeping: Promise<void> = Promise.resolve()

  constructor(command: string, folder: string, environment: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.#command = command
    this.#folder = folder
    this.#environment = environment
    this.#signal = signal
  }

  async resume(): Promise<void> {
    if (this.#wanted) return
    this.#wanted = true
    this.#keeping = this.#keep()
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Starts it again whenever it ends by itself: that is how a device restarts. */
  async #keep(): Promise<void> {
    let delayMs = restartLeastMs
    while (this.#wanted && !this.#signal.aborted) {
      const startedAt = nowMs()
      await this.#start()
      await this.#ended
      delayMs = nowMs() - startedAt > restartMostMs ? restartLeastMs : Math.min(restartMostMs, delayMs * 2)
      // The end of the run is seen by the loop.
      if (this.#wanted) await pause(delayMs, this.#signal).catch(() => {})
    }
  }

  async #start(): Promise<void> {
    const log = await open(join(this.#folder, 'log'), 'a')
    try {
      // A group of its own, so that what the shell started ends with it.
      const child = spawn('/bin/sh', ['-c', this.#command], {
        ...{ cwd: this.#folder, env: this.#environment, detached: true },
        stdio: ['ignore', log.fd, log.fd],
      })
      this.#child = child
      this.#ended = new Promise(resolve => {
        child.once('exit', resolve)
        child.once('error', resolve)
      })
    } finally {
      await log.close()
    }
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#wanted = false
    signalGroup(this.#child, signal)
    if (!(await within(endLimitMs, this.#ended))) signalGroup(this.#child, 'SIGKILL')
    await this.#ended
    await this.#keeping
  }
}

function signalGroup(child: ChildProcess | undefined, signal: 'SIGKILL' | 'SIGTERM'): void {
  if (child?.pid === undefined) return
  try {
    kill(-child.pid, signal)
  } catch {
    // Nobody is left in the group.
  }
}
