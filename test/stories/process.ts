// Real processes for stories: the bins as they are installed, on loopback, each stopped by its own pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bareNode } from '../fixtures/cases.ts'

/** On a machine with much else to do, with a large fleet; a broker that ends is noticed at once. */
const readyMsMax = 100_000
const built = fileURLToPath(new URL('../../', import.meta.url))
export const brokerBin = join(built, 'broker/main.js')
export const agentBin = join(built, 'agent/boot.js')
export const cliBin = join(built, 'operator/cli/main.js')

export interface RunningBroker {
  readonly process: ChildProcess
  readonly mqttPort: number
  readonly httpPort: number
  readonly token: string
  /** SIGKILL, and gone. */
  kill(): Promise<void>
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>
}

/** Starts drover-broker on `folder/data`; `ports` of an earlier run keep devices on their address. */
export async function startBroker(
  folder: string,
  ports: { readonly mqttPort: number; readonly httpPort: number } = { mqttPort: 0, httpPort: 0 },
  args: readonly string[] = [],
): Promise<RunningBroker> {
  const readyFile = join(folder, 'ready.json')
  await rm(readyFile, { force: true })
  const log = openSync(join(folder, 'broker.log'), 'a')
  const [command, parameters] = bareNode([
    brokerBin,
    ...['--data-dir', join(folder, 'data'), '--ready-file', readyFile],
    ...['--mqtt-port', String(ports.mqttPort), '--http-port', String(ports.httpPort)],
    ...args,
  ])
  const child = spawn(command, parameters, { stdio: ['ignore', log, log] })
  const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)))
  const ready = await untilValue(async () => {
    if (child.exitCode !== null)
      throw new Error(`the broker ended: ${await readFile(join(folder, 'broker.log'), 'utf8')}`)
    return JSON.parse(await readFile(readyFile, 'utf8').catch(() => 'null')) as {
      mqttPort: number
      httpPort: number
    } | null
  }, readyMsMax)
  const token = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim()
  return {
    process: child,
    ...ready,
    token,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** Asks again every 20 ms until there is a value; gives up after `limitMs`. */
export async function untilValue<T>(ask: () => Promise<T | null | undefined>, limitMs = 30_000): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const value = await ask()
    if (value !== null && value !== undefined) return value
    if (performance.now() > end) throw new Error(`nothing after ${limitMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** A JSON call of the HTTP door; throws with the answer unless it is a 2xx. */
export async function call<T>(
  broker: { readonly httpPort: number; readonly token: string },
  method: string,
  path: string,
  body?: object | Uint8Array,
): Promise<T> {
  const raw = body instanceof Uint8Array
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${broker.token}`,
      ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
  })
  const answer = (await response.json()) as T
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}
