// Runs a program of the operator to its end: no shell, a time limit, an output limit. What it says on standard error goes
// to the operator as it comes. It keeps the terminal it was started from, because a PIN is typed there; so it stays in our
// process group, Ctrl-C reaches it and all it has started, and where we have to end it we go through its children ourselves.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { kill } from 'node:process'
import type { Clock } from './ports.ts'

export interface ProgramStart {
  /** The program, looked up on the PATH when it has no slash, and its arguments. */
  readonly words: readonly string[]
  /** Given on standard input. */
  readonly input: Uint8Array
  readonly timeoutMs: number
  /** More on standard output ends it. */
  readonly outputBytesMax: number
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly output: Buffer }
  /** By something else than us. */
  | { readonly kind: 'killed'; readonly by: string }
  /** ENOENT, EACCES, ENOEXEC … */
  | { readonly kind: 'not-started'; readonly code: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'too-much' }

/** Rejects with the reason of `signal` alone, and only after the program has ended. */
export type RunProgram = (start: ProgramStart, signal: AbortSignal) => Promise<ProgramEnd>

export interface ProgramWorld {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  /** With `fd` the program writes there itself, and sees whether it is a terminal. */
  readonly stderr: { write(bytes: Uint8Array): unknown; readonly fd?: number }
}

/** Between asking a program to end and ending it. */
const graceMs = 2_000
/** How long output that is on its way is waited for when the program has ended: what it started may hold it open. */
const drainMs = 200

export function programRunner({ clock, env, stderr }: ProgramWorld): RunProgram {
  return async ({ words: [program = '', ...args], input, timeoutMs, outputBytesMax }, signal) => {
    signal.throwIfAborted()
    let child: ChildProcess
    try {
      child = spawn(program, args, { env, stdio: ['pipe', 'pipe', stderr.fd ?? 'pipe'] })
    } catch (error) {
      return { kind: 'not-started', code: codeOf(error) }
    }
    let ending: Promise<void> | undefined
    let why: 'timeout' | 'too-much' | undefined
    const end = (reason?: 'timeout' | 'too-much'): void => {
      if (ending !== undefined) return
      why = reason
      ending = endTree(child, clock)
    }
    const limit = clock.deadline(timeoutMs)
    const onLimit = (): void => end('timeout')
    const onAbort = (): void => end()
    limit.addEventListener('abort', onLimit)
    signal.addEventListener('abort', onAbort)
    try {
      const kept: Buffer[] = []
      let keptBytes = 0
      child.stdout?.on('data', (bytes: Buffer) => {
        keptBytes += bytes.length
        if (keptBytes > outputBytesMax) end('too-much')
        else kept.push(bytes)
      })
      child.stderr?.on('data', (bytes: Buffer) => stderr.write(bytes))
      // Whether it reads what it is given is its own affair.
      child.stdin?.on('error', () => {})
      child.stdin?.end(input)
      // Both are listened for at once: they may come in the same turn.
      const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
      const exited = await exitOf(child)
      if ('startError' in exited) return { kind: 'not-started', code: exited.startError }
      await drained(child, closed, clock)
      await ending
      signal.throwIfAborted()
      if (why !== undefined) return { kind: why }
      if (exited.code === null) return { kind: 'killed', by: exited.by ?? 'a signal' }
      return { kind: 'exited', exitCode: exited.code, output: Buffer.concat(kept) }
    } finally {
      limit.removeEventListener('abort', onLimit)
      signal.removeEventListener('abort', onAbort)
    }
  }
}

type Exit = { readonly startError: string } | { readonly code: number | null; readonly by: string | null }

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise(resolve => {
    child.once('error', error => resolve({ startError: codeOf(error) }))
    child.once('exit', (code, by) => resolve({ code, by }))
  })
}

async function drained(child: ChildProcess, closed: Promise<void>, clock: Clock): Promise<void> {
  const enough = new AbortController()
  const tooLong = clock.sleep(drainMs, enough.signal).then(
    () => {
      child.stdout?.destroy()
      child.stderr?.destroy()
    },
    () => {
      // It was closed in time.
    },
  )
  await Promise.race([closed, tooLong])
  enough.abort()
}

/** Asks the program and what it has started to end, and ends what is still there after a moment. */
async function endTree(child: ChildProcess, clock: Clock): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const below = descendantsOf(pid)
  const gone = new Promise<void>(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
  child.kill('SIGTERM')
  tell(below, 'SIGTERM')
  const enough = new AbortController()
  const late = clock.sleep(graceMs, enough.signal).catch(() => {
    // It has ended before.
  })
  await Promise.race([gone, late])
  enough.abort()
  // Those it has left behind, too: nobody else would end them.
  child.kill('SIGKILL')
  tell(below, 'SIGKILL')
}

function tell(pids: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const pid of pids)
    try {
      kill(pid, signal)
    } catch {
      // ESRCH: it has ended.
    }
}

/** What the process has started and what that has started; nothing where there is no /proc. */
function descendantsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter(text => /^\d+$/.test(text))
        .flatMap(text => [Number(text), ...descendantsOf(Number(text))]),
    )
  } catch {
    // It has ended meanwhile, or the system tells nothing.
    return []
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}
