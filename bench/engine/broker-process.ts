// drover-broker as it is installed, in a process of its own, and what can be seen of it from outside: its doors, its
// memory, how long it takes to be ready.
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuSecondsOf } from './process-cpu.ts'

const uploadPieceBytes = 1024 * 1024

const brokerBin = fileURLToPath(new URL('../../broker/main.js', import.meta.url))

export interface BrokerWishes {
  readonly folder: string
  /** Of the administrator that is in the store already. */
  readonly token: string
  /** For the node that runs it. */
  readonly nodeArgs?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

export class BrokerProcess {
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #token: string
  readonly mqttPort: number
  readonly httpPort: number
  /** Undefined: no listener with TLS. */
  readonly mqttsPort: number | undefined
  /** From the start of the process to the file that says it is ready. */
  readonly readySeconds: number

  private constructor(
    child: ChildProcess,
    ended: Promise<unknown>,
    token: string,
    ready: { readonly mqttPort: number; readonly httpPort: number; readonly mqttsPort?: number },
    readySeconds: number,
  ) {
    this.#process = child
    this.#ended = ended
    this.#token = token
    this.mqttPort = ready.mqttPort
    this.httpPort = ready.httpPort
    this.mqttsPort = ready.mqttsPort
    this.readySeconds = readySeconds
  }

  static async start({
    folder,
    token,
    nodeArgs = [],
    environment = {},
    args = [],
  }: BrokerWishes): Promise<BrokerProcess> {
    const readyFile = join(folder, 'ready.json')
    await rm(readyFile, { force: true })
    const log = openSync(join(folder, 'broker.log'), 'w')
    const started = performance.now()
    const child = spawn(
      process.execPath,
      [
        ...nodeArgs,
        brokerBin,
        ...['--data-dir', join(folder, 'data'), '--ready-file', readyFile],
        ...['--mqtt-port', '0', '--http-port', '0', '--in-progress-max', '100000', ...args],
      ],
      // As `npm start` and the service file of docs/OPERATING.md start it, unless the environment says otherwise.
      { stdio: ['ignore', log, log], env: { MALLOC_ARENA_MAX: '1', ...process.env, ...environment } },
    )
    const ended = new Promise(resolve => child.once('exit', resolve))
    for (;;) {
      if (child.exitCode !== null)
        throw new Error(`the broker ended: ${(await readFile(join(folder, 'broker.log'), 'utf8')).slice(-2000)}`)
      const ready = await readFile(readyFile, 'utf8').catch(() => undefined)
      const seconds = (performance.now() - started) / 1000
      if (ready !== undefined) return new BrokerProcess(child, ended, token, JSON.parse(ready), seconds)
      await pause(5)
    }
  }

  /** Resident memory, megabytes. */
  async memoryMb(): Promise<number> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  }

  /** CPU seconds it has taken so far, user and system. */
  cpuSeconds(): Promise<number> {
    return cpuSecondsOf(this.#process.pid)
  }

  /** A JSON call of the HTTP door; throws with the answer unless it is a 2xx. */
  async call<T>(method: string, path: string, body?: object | Uint8Array): Promise<T> {
    const response = await this.request(method, path, body)
    const answer = (await response.json()) as T
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }

  request(method: string, path: string, body?: object | Uint8Array, signal?: AbortSignal): Promise<Response> {
    const raw = body instanceof Uint8Array
    return fetch(`http://127.0.0.1:${this.httpPort}${path}`, {
      method,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    })
  }

  /** The parts one after the other, however long they are together. */
  upload(path: string, parts: readonly Uint8Array[]): Promise<Response> {
    const pieces = function* (): Generator<Uint8Array> {
      for (const part of parts)
        for (let at = 0; at < part.length; at += uploadPieceBytes) yield part.subarray(at, at + uploadPieceBytes)
    }
    return fetch(`http://127.0.0.1:${this.httpPort}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/octet-stream' },
      body: ReadableStream.from(pieces()),
      duplex: 'half',
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  /** SIGKILL, and gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM, and gone. May be called again. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    await this.#ended
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
