// Runs a program of the device to its end: no shell, a time limit, an output limit, and nothing of it left running. Node's
// built-ins alone; the adapters that ask a program something are made of it.
import { type ChildProcess, spawn } from 'node:child_process'
import { kill } from 'node:process'
import type { Clock, Timer } from './ports.ts'

export interface ProgramStart {
  readonly program: string
  readonly arguments: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  readonly timeoutMs: number
  /** What of standard output and error is kept, bytes; the rest is read and forgotten. */
  readonly outputBytesMax: number
  /** Given on standard input; absent: it is empty. */
  readonly input?: Uint8Array
}

export interface ProgramResult {
  /** Undefined when it did not start, or was killed. */
  readonly exitCode: number | undefined
  /** Undefined for exit code 0, else one fixed word with a number or name. */
  readonly problem: string | undefined
  /** Output and errors in the order of their arrival. */
  readonly output: Buffer
  readonly outputCut: boolean
  /** What of `output` came from standard output. */
  readonly standardOutput: Buffer
}

/** How long output that is on its way when a program ends is waited for. */
const drainMs = 200

/** Resolves when the program and what it started have ended. Never throws. Aborting kills it: `killed`. */
export async function runProgram(start: ProgramStart, clock: Clock, signal?: AbortSignal): Promise<ProgramResult> {
  const kept: Buffer[] = []
  const keptOfOutput: Buffer[] = []
  let keptBytes = 0
  let outputCut = false
  const end = await new Promise<Pick<ProgramResult, 'exitCode' | 'problem'>>(resolve => {
    let killedFor: string | undefined
    let child: ChildProcess
    try {
      child = spawn(start.program, start.arguments, {
        // A group of its own: what the program started must not outlive the limit.
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: start.environment,
      })
    } catch (error) {
      resolve({ exitCode: undefined, problem: notStarted(error) })
      return
    }
    const killGroup = (why?: string): void => {
      killedFor ??= why
      try {
        if (child.pid !== undefined) kill(-child.pid, 'SIGKILL')
      } catch {
        // ESRCH: it has ended already.
      }
    }
    const timer = clock.after(start.timeoutMs, () => killGroup('timeout'))
    const aborted = (): void => killGroup('killed')
    signal?.addEventListener('abort', aborted)
    const settle = (result: Pick<ProgramResult, 'exitCode' | 'problem'>): void => {
      timer.cancel()
      signal?.removeEventListener('abort', aborted)
      resolve(result)
    }
    child.once('error', error => settle({ exitCode: undefined, problem: notStarted(error) }))
    // Without a file descriptor left there are no streams, only the error.
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => {
        const room = start.outputBytesMax - keptBytes
        outputCut ||= bytes.length > room
        const piece = Buffer.from(bytes.subarray(0, room))
        kept.push(piece)
        if (stream === child.stdout) keptOfOutput.push(piece)
        keptBytes += Math.min(bytes.length, room)
      })
    // Whether it reads what it is given is its own affair.
    child.stdin?.on('error', () => {})
    child.stdin?.end(start.input)
    let drain: Timer | undefined
    let exited: { readonly code: number | null; readonly by: string | null } | undefined
    child.once('exit', (code, by) => {
      exited = { code, by }
      timer.cancel()
      killGroup()
      // What it started in a group of its own may hold the output open for as long as it likes.
      drain = clock.after(drainMs, () => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      })
    })
    child.once('close', () => {
      drain?.cancel()
      if (killedFor !== undefined && exited?.by !== null) settle({ exitCode: undefined, problem: killedFor })
      else if (exited?.by) settle({ exitCode: undefined, problem: `signal-${exited.by}` })
      else
        settle({
          exitCode: exited?.code ?? undefined,
          problem: exited?.code === 0 ? undefined : `exit-${exited?.code}`,
        })
    })
    if (signal?.aborted) aborted()
  })
  return { ...end, output: Buffer.concat(kept), outputCut, standardOutput: Buffer.concat(keptOfOutput) }
}

function notStarted(error: unknown): string {
  return `not-started-${(error as NodeJS.ErrnoException).code ?? 'unknown'}`
}
