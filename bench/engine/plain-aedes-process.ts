// The other end of plain-aedes.ts.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { cpuSecondsOf } from './process-cpu.ts'

const program = fileURLToPath(new URL('./plain-aedes.js', import.meta.url))

export class PlainAedes {
  readonly #process: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.port = port
  }

  static async start(): Promise<PlainAedes> {
    const child = fork(program, { execArgv: [] })
    const failed = once(child, 'exit').then(() => {
      throw new Error('plain Aedes ended before it listened')
    })
    const [{ port }] = await Promise.race([once(child, 'message'), failed])
    failed.catch(() => {})
    return new PlainAedes(child, port)
  }

  cpuSeconds(): Promise<number> {
    return cpuSecondsOf(this.#process.pid)
  }

  async close(): Promise<void> {
    if (!this.#process.connected) return
    const ended = once(this.#process, 'exit')
    this.#process.disconnect()
    await ended
  }
}
