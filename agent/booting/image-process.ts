// One start of an image as a child process of boot, from spawn to its end: stopped on request, killed by the watchdog
// when it stays on trial too long. Node's built-ins alone: boot needs it.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { kill } from 'node:process'
import type { Clock, Timer } from '../ports.ts'

/** What a child has between SIGTERM and SIGKILL. */
const stopTimeMs = 10_000

export interface ImageStart {
  readonly program: string
  readonly arguments: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  /** Only for a trial: after `afterMs` the child is killed if `stillOnTrial`, or if that cannot be said. */
  readonly watchdog?: { readonly afterMs: number; readonly stillOnTrial: () => Promise<boolean> }
}

/** How a start ended. */
export interface ImageEnd {
  /** An exit code, a signal, or why the image could not be started; for people. */
  readonly how: string
  readonly ranMs: number
  readonly killedByWatchdog: boolean
}

/** Resolves when the child has ended, never rejects. Aborting `stop` sends SIGTERM, later SIGKILL. */
export async function runImage(start: ImageStart, clock: Clock, stop: AbortSignal): Promise<ImageEnd> {
  const startedMs = clock.monotonicMs()
  let child: ChildProcess
  try {
    if (start.arguments.length === 0) await chmod(start.program, 0o755)
    child = spawn(start.program, start.arguments, {
      // A group of its own, so that whatever an image started ends with it. The pipe tells the agent when we died.
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: { ...start.environment, DROVER_PARENT_FD: '3' },
    })
  } catch (error) {
    return { how: String(error), ranMs: 0, killedByWatchdog: false }
  }
  // Nothing is ever said on the pipe; that it breaks with the child is no news.
  child.stdio[3]?.on('error', () => {})
  const ended = new Promise<string>(resolved => {
    child.once('error', error => resolved(String(error)))
    child.once('exit', (code, signal) => resolved(signal ?? `exit code ${code}`))
  })

  const timers: Timer[] = []
  let killedByWatchdog = false
  const onStop = (): void => {
    signalGroup(child, 'SIGTERM')
    timers.push(clock.after(stopTimeMs, () => signalGroup(child, 'SIGKILL')))
  }
  const { watchdog } = start
  const bite = async (): Promise<void> => {
    killedByWatchdog = (await watchdog?.stillOnTrial().catch(() => true)) ?? false
    if (killedByWatchdog) signalGroup(child, 'SIGKILL')
  }
  if (watchdog !== undefined) timers.push(clock.after(watchdog.afterMs, () => void bite()))
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  const how = await ended
  stop.removeEventListener('abort', onStop)
  for (const timer of timers) timer.cancel()
  // What the image started and left behind would hold the journal.
  signalGroup(child, 'SIGKILL')
  return { how, ranMs: clock.monotonicMs() - startedMs, killedByWatchdog }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    kill(-child.pid, signal)
  } catch {
    // ESRCH: the group has ended already.
  }
}
