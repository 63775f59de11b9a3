// Mosquitto beside us, where it is installed: started on a free port with nothing but what the measurement needs.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pause } from '../engine/broker-process.ts'
import type { SelfSigned } from './self-signed.ts'

const programs = ['mosquitto', '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto']
const looksMost = 100
const lookMs = 50

export class Mosquitto {
  readonly #process: ChildProcess
  readonly #folder: string
  readonly port: number
  readonly #kill = (): void => void this.#process.kill()

  /** Undefined where there is no such program. */
  static async start(tls: SelfSigned | undefined): Promise<Mosquitto | undefined> {
    const folder = await mkdtemp(join(tmpdir(), 'drover-bench-mosquitto-'))
    const port = await freePort()
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'set_tcp_nodelay true',
      'log_type error',
      // No message is dropped because others wait: the publisher is the one who does not run ahead.
      'max_queued_messages 0',
      ...(process.getuid?.() === 0 ? ['user root'] : []),
    ]
    if (tls !== undefined) {
      await writeFile(join(folder, 'cert.pem'), tls.cert)
      await writeFile(join(folder, 'key.pem'), tls.key)
      lines.push(`certfile ${join(folder, 'cert.pem')}`, `keyfile ${join(folder, 'key.pem')}`)
    }
    const config = join(folder, 'mosquitto.conf')
    await writeFile(config, `${lines.join('\n')}\n`)
    for (const program of programs) {
      const child = await started(program, config)
      if (child === undefined) continue
      const mosquitto = new Mosquitto(child, folder, port)
      if (await mosquitto.#answers()) return mosquitto
      await mosquitto.close()
      throw new Error('mosquitto does not listen')
    }
    await rm(folder, { recursive: true, force: true })
    return undefined
  }

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#process = child
    // Nothing tells it that the bench has been ended.
    process.once('exit', this.#kill)
    this.#folder = folder
    this.port = port
  }

  /** Seconds so far; it has one thread. */
  async cpuSeconds(): Promise<number> {
    const [onCpuNs] = (await readFile(`/proc/${this.#process.pid}/schedstat`, 'utf8')).split(' ')
    return Number(onCpuNs) / 1e9
  }

  async close(): Promise<void> {
    process.off('exit', this.#kill)
    if (this.#process.exitCode === null) {
      const ended = new Promise(resolve => this.#process.once('exit', resolve))
      this.#process.kill()
      await ended
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #answers(): Promise<boolean> {
    for (let look = 0; look < looksMost; look += 1) {
      const open = await new Promise<boolean>(resolve => {
        const socket = connect(this.port, '127.0.0.1')
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
        socket.once('connect', () => socket.destroy())
      })
      if (open) return true
      await pause(lookMs)
    }
    return false
  }
}

async function started(program: string, config: string): Promise<ChildProcess | undefined> {
  const child = spawn(program, ['-c', config], { stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child))
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined)
      else reject(error)
    })
  })
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
