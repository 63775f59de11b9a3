// A broker for one run: drover-broker as it is installed, as a process on a fresh folder, and what can be seen of it from
// outside. Whoever started it stops it, or leaves it running when that is wanted.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nowMs, pause, within } from '../clock.ts'
import type { VerbHost } from '../verbs/verb-host.ts'
import { FleetFailed } from './failure.ts'
import { cpuSeconds, residentBytes } from './proc.ts'

export interface SpawnWishes {
  /** Sensors that will be connected, and how many are in progress at once. */
  readonly connections: number
  readonly inProgress: number
  /** New connections a second of this machine: the broker's own limit is meant for one proxy or site. */
  readonly connectsPerSecond: number
  /** `--flag=value` of drover-broker; they win. */
  readonly flags: readonly string[]
}

const readyLimitMs = 60_000
const stopMs = 25_000
const program = fileURLToPath(new URL('../../broker/main.js', import.meta.url))

export class SpawnedBroker {
  readonly #child: ChildProcess
  readonly #ended: Promise<string>
  readonly folder: string
  readonly token: string
  readonly mqtt: URL
  readonly http: URL
  #stopWanted = false

  /** Resolves when it takes connections. `lost` is called when it ends although nobody asked it to. Throws FleetFailed. */
  static async start(
    { connections, inProgress, connectsPerSecond, flags }: SpawnWishes,
    host: Pick<VerbHost, 'node' | 'environment'>,
    lost: (reason: FleetFailed) => void,
    signal: AbortSignal,
  ): Promise<SpawnedBroker> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'drover-fleet-')))
    const [readyFile, logFile, dataDir] = [join(folder, 'ready.json'), join(folder, 'broker.log'), join(folder, 'data')]
    const log = await open(logFile, 'a')
    const settings = {
      'data-dir': dataDir,
      'ready-file': readyFile,
      'mqtt-port': 0,
      'http-port': 0,
      'log-level': 'warn',
      'connections-max': connections + 1000,
      'in-progress-max': inProgress,
      'connects-per-second': connectsPerSecond,
      'failing-connects-per-second': connectsPerSecond,
    }
    const own = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
    const child = spawn(host.node, [program, ...own, ...flags], {
      // Ctrl-C reaches the coordinator alone, which then stops everything in order.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...withoutSettings(host.environment), MALLOC_ARENA_MAX: '1' },
    })
    const ended = new Promise<string>(resolve => {
      child.once('exit', (code, how) => resolve(how ?? `exit code ${code}`))
      child.once('error', error => resolve(error.message))
    })
    await log.close()
    let how: string | undefined
    void ended.then(said => {
      how = said
    })
    try {
      for (const latestMs = nowMs() + readyLimitMs; ; await pause(50, signal)) {
        if (how !== undefined) throw new FleetFailed(`drover-broker ended at its start: ${how}`, { log: logFile })
        const ready = await readFile(readyFile, 'utf8').catch(() => '')
        if (ready !== '') {
          const { mqttPort, httpPort } = JSON.parse(ready) as { mqttPort: number; httpPort: number }
          const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim()
          const broker = new SpawnedBroker(child, ended, folder, token, { mqttPort, httpPort })
          void ended.then(said => broker.#gone(said, lost))
          return broker
        }
        if (nowMs() > latestMs)
          throw new FleetFailed(`drover-broker is not ready after ${readyLimitMs / 1000} s`, { log: logFile })
      }
    } catch (error) {
      child.kill('SIGKILL')
      await ended
      // The last lines of the log are in the message; nothing else of it is of use.
      throw await withLog(error, folder)
    }
  }

  private constructor(
    child: ChildProcess,
    ended: Promise<string>,
    folder: string,
    token: string,
    { mqttPort, httpPort }: { readonly mqttPort: number; readonly httpPort: number },
  ) {
    this.#child = child
    this.#ended = ended
    this.folder = folder
    this.token = token
    this.mqtt = new URL(`mqtt://127.0.0.1:${mqttPort}`)
    this.http = new URL(`http://127.0.0.1:${httpPort}`)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get logFile(): string {
    return join(this.folder, 'broker.log')
  }

  rssBytes(): Promise<number> {
    return residentBytes(this.pid)
  }

  cpuSeconds(): Promise<number> {
    return cpuSeconds(this.pid)
  }

  /** In order, or killed when that takes too long; the folder is gone. */
  async stop(): Promise<void> {
    this.#stopWanted = true
    this.#child.kill('SIGTERM')
    if (!(await within(stopMs, this.#ended))) {
      this.#child.kill('SIGKILL')
      await this.#ended
    }
    await rm(this.folder, { recursive: true, force: true })
  }

  /** It goes on when this process ends. */
  leave(): void {
    this.#stopWanted = true
    this.#child.unref()
  }

  #gone(how: string, lost: (reason: FleetFailed) => void): void {
    if (!this.#stopWanted)
      lost(new FleetFailed(`drover-broker ended although nobody asked it to: ${how}`, { log: this.logFile }))
  }
}

async function withLog(error: unknown, folder: string): Promise<unknown> {
  const log = await readFile(join(folder, 'broker.log'), 'utf8').catch(() => '')
  await rm(folder, { recursive: true, force: true })
  if (!(error instanceof FleetFailed)) return error
  return new FleetFailed(`${error.message}\n${log.trim().split('\n').slice(-15).join('\n')}`, { cause: error })
}

/** Settings of another broker of this machine are not for this one. */
function withoutSettings(environment: VerbHost['environment']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('DROVER_')))
}
