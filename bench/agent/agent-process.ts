// drover-agent in a process of its own on a new data folder, and what can be seen of it from outside.
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeviceId } from '../../proto/ids.ts'
import { testClassId, testVendorId } from '../../test/fixtures/bundle.ts'
import { pause } from '../engine/broker-process.ts'
import { cpuSecondsOf } from '../engine/process-cpu.ts'
import { component, deviceSecret } from '../engine/registry.ts'

const agentProgram = fileURLToPath(new URL('../../agent/main.js', import.meta.url))
const readyLimitMs = 300_000

export interface AgentWishes {
  readonly folder: string
  readonly device: DeviceId
  /** What it runs, as version 1.0.0; kept nowhere but in its slot. */
  readonly image: Buffer
  readonly trust: Buffer
  readonly port: number
}

export class AgentProcess {
  readonly #process: ChildProcess
  readonly #log: string

  /** Resolves when it is connected and has nothing left to say. */
  static async start({ folder, device, image, trust, port }: AgentWishes): Promise<AgentProcess> {
    const path = (name: string): string => join(folder, name)
    const config = {
      deviceId: device,
      url: `mqtt://127.0.0.1:${port}`,
      password: deviceSecret,
      vendorId: testVendorId,
      classId: testClassId,
      dataDir: 'device',
      trustFile: 'trust',
      components: [{ name: component, version: '1.0.0', image: 'factory', reboot: false }],
      ready: { file: 'agent-ready' },
    }
    await writeFile(path('factory'), image)
    await writeFile(path('trust'), trust)
    await writeFile(path('agent.json'), JSON.stringify(config))
    const log = path('agent.log')
    const out = openSync(log, 'w')
    const child = spawn(process.execPath, [agentProgram, '--config', path('agent.json')], {
      stdio: ['ignore', out, out],
      // As the service file starts it.
      env: { MALLOC_ARENA_MAX: '1', ...process.env },
    })
    const agent = new AgentProcess(child, log)
    const latestMs = performance.now() + readyLimitMs
    while ((await readFile(path('agent-ready')).catch(() => undefined)) === undefined) {
      if (agent.ended || performance.now() > latestMs) {
        child.kill('SIGKILL')
        throw new Error(`the agent is not ready:\n${await agent.logEnd()}`)
      }
      await pause(50)
    }
    await rm(path('factory'))
    return agent
  }

  private constructor(child: ChildProcess, log: string) {
    this.#process = child
    this.#log = log
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  /** Resident memory, the most since it was started, MiB. */
  async peakMib(): Promise<number> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  }

  cpuSeconds(): Promise<number> {
    return cpuSecondsOf(this.#process.pid)
  }

  /** Bytes of the one download, as its log tells them. */
  async download(): Promise<{ readonly heldBytes: number; readonly receivedBytes: number }> {
    const line = (await readFile(this.#log, 'utf8')).split('\n').find(each => each.includes('"download-completed"'))
    if (line === undefined) throw new Error(`no download in the log:\n${await this.logEnd()}`)
    return JSON.parse(line)
  }

  async logEnd(): Promise<string> {
    return (await readFile(this.#log, 'utf8')).slice(-2000)
  }

  async stop(): Promise<void> {
    if (this.ended) return
    const ended = new Promise(resolve => this.#process.once('exit', resolve))
    this.#process.kill('SIGTERM')
    await ended
  }
}
