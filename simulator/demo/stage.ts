// The processes of one demo and the folder they live in. Whatever is started here is stopped here, devices before the
// broker, on every way out; or all of it is left running when that is wanted.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nowMs, pause } from '../clock.ts'
import { Background, type Surroundings } from './background.ts'
import { DemoFailed } from './failure.ts'
import type { DevicePlan } from './scenario.ts'
import { Sensor } from './sensor.ts'
import { SlowLink } from './slow-link.ts'

export interface Programs {
  /** Compiled mains, absolute paths. */
  readonly broker: string
  readonly agent: string
  readonly cli: string
}

export interface StageSettings {
  readonly programs: Programs
  /** Exists, empty; the stage owns what is in it. */
  readonly surroundings: Surroundings
  readonly signal: AbortSignal
  /** Aborts the signal: something failed, or a process ended that nobody had asked to. */
  readonly fail: (reason: unknown) => void
}

export interface BrokerAddress {
  readonly mqttPort: number
  readonly url: string
  readonly tokenFile: string
}

const brokerStartLimitMs = 30_000
const brokerStopMs = 25_000

export class Stage {
  readonly #settings: StageSettings
  readonly #sensors: Sensor[] = []
  #broker: Background | undefined
  #link: SlowLink | undefined

  constructor(settings: StageSettings) {
    this.#settings = settings
  }

  get folder(): string {
    return this.#settings.surroundings.folder
  }

  get programs(): Programs {
    return this.#settings.programs
  }

  get surroundings(): Surroundings {
    return this.#settings.surroundings
  }

  get signal(): AbortSignal {
    return this.#settings.signal
  }

  get fail(): (reason: unknown) => void {
    return this.#settings.fail
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts)
  }

  /** Resolves when the broker takes connections. Throws DemoFailed. */
  async startBroker(): Promise<BrokerAddress> {
    const [readyFile, logFile, dataDir] = [this.path('broker-ready.json'), this.brokerLog, this.path('broker')]
    const ports = ['--mqtt-port', '0', '--http-port', '0']
    const { programs, surroundings, signal, fail } = this.#settings
    const program = [programs.broker, '--data-dir', dataDir, ...ports, '--ready-file', readyFile]
    this.#broker = await Background.start(
      { name: 'drover-broker', arguments: program, logFile },
      surroundings,
      fail,
      signal,
    )
    for (const latestMs = nowMs() + brokerStartLimitMs; ; await pause(50, signal)) {
      const ready = await readFile(readyFile, 'utf8').catch(() => '')
      if (ready !== '') {
        const { mqttPort, httpPort } = JSON.parse(ready) as { mqttPort: number; httpPort: number }
        return { mqttPort, url: `http://127.0.0.1:${httpPort}`, tokenFile: join(dataDir, 'admin-token') }
      }
      if (nowMs() > latestMs)
        throw new DemoFailed(`drover-broker is not ready after ${brokerStartLimitMs} ms`, [logFile])
    }
  }

  async openSlowLink(brokerPort: number, bytesPerSecond: number): Promise<SlowLink> {
    this.#link = await SlowLink.open(brokerPort, bytesPerSecond)
    return this.#link
  }

  addSensor(plan: DevicePlan): Sensor {
    const sensor = new Sensor(plan, this.path('devices', plan.id), this.#settings.programs.agent)
    this.#sensors.push(sensor)
    return sensor
  }

  async startSensor(sensor: Sensor): Promise<void> {
    const { surroundings, signal, fail } = this.#settings
    await sensor.start(surroundings, fail, signal)
  }

  /** Devices whose log does not show the end that is expected. */
  unfinished(): readonly Sensor[] {
    return this.#sensors.filter(sensor => sensor.printed().join() !== sensor.plan.expected.printed.join())
  }

  logOf(device: string): string | undefined {
    return this.#sensors.find(({ id }) => id === device)?.logFile
  }

  /** After all that was under way has ended. Ends all processes and waits for them. Resolves with the names of those that had to be killed. */
  async stop(): Promise<string[]> {
    const killed: string[] = []
    await this.#link?.close()
    const stopOne = async (name: string, one: Pick<Background, 'stop'> | Sensor | undefined): Promise<void> => {
      if ((await one?.stop(brokerStopMs)) === false) killed.push(name)
    }
    await Promise.all(this.#sensors.map(sensor => stopOne(sensor.id, sensor)))
    await stopOne('drover-broker', this.#broker)
    return killed
  }

  /** Takes the hands off: the processes go on alone. Resolves with the program that ends them. */
  async leave(): Promise<string> {
    await this.#link?.close()
    for (const sensor of this.#sensors) sensor.leave()
    this.#broker?.leave()
    const script = this.path('stop.sh')
    const sensors = this.#sensors.map(({ pid }) => pid).join(' ')
    const lines = ['#!/bin/sh', `kill -TERM ${sensors}`, 'sleep 3', `kill -TERM ${this.#broker?.pid ?? ''}`, '']
    await writeFile(script, lines.join('\n'))
    await chmod(script, 0o755)
    return script
  }

  async removeFolder(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  get brokerLog(): string {
    return this.path('broker.log')
  }
}
