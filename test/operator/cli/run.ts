// The command line before an HTTP door on fake use cases: as a child process where whole ways are gone, and called
// directly, which is the same but for a new process, where tables of flags are gone through.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { CliWorld } from '../../../operator/cli/context.ts'
import { runCli } from '../../../operator/cli/program.ts'
import type { Clock } from '../../../operator/ports.ts'
import { httpClock } from '../client-clock.ts'
import { deviceView, eventView, executionView, operationView, tokens } from '../fake-use-cases.ts'
import { type OpenDoor, operation } from '../http-fixture.ts'

const main = fileURLToPath(new URL('../../../operator/cli/main.js', import.meta.url))
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** stdout, parsed line by line. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly lines: any[]
}

export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', bytes => {
    stdout += bytes
  })
  child.stderr.on('data', bytes => {
    stderr += bytes
  })
  const ended = new Promise<Ended>(resolve =>
    child.on('close', code => {
      resolve({ code, stdout, stderr, lines: linesOf(args, stdout) })
    }),
  )
  return { child, ended, heard: () => stdout + stderr }
}
/** The bin in a process of its own. */
export const spawned = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  start(args, env).ended

/** What main.ts does, in this process. */
export async function drover(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  clock: Clock = httpClock,
  more: Partial<CliWorld> = {},
): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const screen = (name: 'stdout' | 'stderr') => ({
    write: (data: string | Uint8Array) => {
      written[name] += typeof data === 'string' ? data : Buffer.from(data).toString()
    },
  })
  const { signal } = new AbortController()
  const random = { bytes: randomBytes }
  const world = { env, stdout: screen('stdout'), stderr: screen('stderr'), clock, random, signal, ...more }
  const code = await runCli(args, world)
  return { code, ...written, lines: linesOf(args, written.stdout) }
}

/** Sleeps of seconds end at once and take their time all the same; those that guard a connection stay as they are. */
export function hurriedClock(): Clock {
  let aheadMs = 0
  return {
    ...httpClock,
    now: () => httpClock.now() + aheadMs,
    sleep: async (delayMs, signal) => {
      if (delayMs > 10_000) return httpClock.sleep(delayMs, signal)
      aheadMs += delayMs
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
function linesOf(args: readonly string[], stdout: string): any[] {
  if (!args.includes('--json')) return []
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}
export const at = (door: OpenDoor, token = tokens.admin) => ({ DROVER_URL: door.url, DROVER_TOKEN: token })

export function fill({ useCases }: OpenDoor): void {
  for (const id of ['sensor-1', 'sensor-2', 'sensor-3'])
    useCases.devices.set(
      id,
      deviceView(id, { online: true, components: [{ name: 'app', version: '1.0.0', digest: 'aa' }] }),
    )
  useCases.operations.set(operation, operationView(operation))
  useCases.executions.set(operation, [
    executionView(operation, 'sensor-1', {
      state: 'failed',
      status: 'Failed',
      code: 'UPD4_FAIL_40',
      message: 'Installation failed.',
    }),
    executionView(operation, 'sensor-2'),
  ])
  for (let number = 1; number <= 5; number += 1)
    useCases.events.push(eventView(number, { data: { campaign_id: operation } }))
}
