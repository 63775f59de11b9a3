// What the wishes of the command machine do: the executors of `prepare`, `act` and `restart-device`, in the same table as
// those of an update, because one job is done at a time. Which handler a command has is found here; what it does is its own.
import { readCommand } from '../../proto/command.ts'
import { openEnvelope } from '../../proto/envelope.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import { type AcceptFacts, acceptCommand } from '../core/accept.ts'
import type { CommandOutcome } from '../core/command.ts'
import type { CommandJob } from '../core/memory.ts'
import type { AgentPorts } from '../ports.ts'
import {
  type CommandHandler,
  type CommandHandlers,
  type CommandRun,
  type Order,
  strangerIn,
} from './command-handler.ts'
import { backupHandler, changeHandler, restoreHandler } from './configuration.ts'
import { programHandler } from './program.ts'
import type { JobExecutors } from './work.ts'

export interface CommandWork {
  readonly ports: Pick<AgentPorts, 'clock' | 'log' | 'reboot' | 'configuration' | 'programs'>
  readonly handlers: CommandHandlers
  readonly bootId: string
  readonly facts: () => AcceptFacts
  /** Resolves when what was said has left, or after a moment. */
  readonly farewell: (signal: AbortSignal) => Promise<void>
  readonly report: (
    job: CommandJob,
    configuration: Parameters<CommandRun['report']>[0],
    signal: AbortSignal,
  ) => Promise<void>
}

/** How long a device may take to go down after it was asked to. */
export const restartTimeMs = 5 * 60_000
const planCharactersMax = 16 * 1024

const rebootHandler: CommandHandler = {
  prepare: async ({ arguments: given }) => {
    const stranger = strangerIn(given, [])
    return stranger === undefined ? { kind: 'restart' } : { kind: 'ended', outcome: stranger }
  },
  act: async () => ({ kind: 'failed', reason: 'unsupported' }),
}

/** Built-in handlers for what the ports can do, and the integrator's. Throws RangeError for a type that is no command. */
export function handlersOf(
  { configuration, programs }: Pick<AgentPorts, 'configuration' | 'programs'>,
  own: CommandHandlers = {},
): ReadonlyMap<string, CommandHandler> {
  if (Object.hasOwn(own, firmwareUpdate)) throw new RangeError(`handlers: ${firmwareUpdate} is no command`)
  return new Map<string, CommandHandler>([
    ['reboot', rebootHandler],
    ...(configuration === undefined
      ? []
      : ([
          ['config-backup', backupHandler(configuration)],
          ['config-change', changeHandler(configuration)],
          ['config-restore', restoreHandler(configuration)],
        ] as const)),
    ...(programs === undefined ? [] : ([['command', programHandler(programs)]] as const)),
    ...Object.entries(own),
  ])
}

export function commandExecutors(work: CommandWork): Pick<JobExecutors, 'prepare' | 'act' | 'restart-device'> {
  const { ports } = work
  const handlers = handlersOf(ports, work.handlers)
  /** The order once more as it was signed; undefined with the outcome when it is not to be trusted any more. */
  const judged = (job: CommandJob): { readonly order: Order } | { readonly outcome: CommandOutcome } => {
    const verdict = acceptCommand(Buffer.from(job.envelope, 'base64'), job, work.facts())
    return verdict.ok
      ? { order: { ...verdict.command, attempt: job.attempt } }
      : { outcome: { kind: 'refused', failure: verdict.failure } }
  }
  return {
    prepare: async ({ job }, signal) => {
      const found = judged(job)
      if ('outcome' in found) return { kind: 'ended', outcome: found.outcome }
      const handler = handlers.get(job.operationType)
      if (handler === undefined) return { kind: 'ended', outcome: { kind: 'failed', reason: 'unsupported' } }
      const prepared = await handler.prepare(found.order, signal)
      if (prepared.kind === 'restart') return { kind: 'restart-wanted', bootId: work.bootId }
      if (prepared.kind === 'ready' && JSON.stringify(prepared.plan).length > planCharactersMax)
        return { kind: 'ended', outcome: { kind: 'failed', reason: 'plan-too-large' } }
      return prepared
    },
    act: async ({ job, plan, repeated }, signal) => {
      const handler = handlers.get(job.operationType)
      // Other settings than at the last start.
      if (handler === undefined) return { kind: 'ended', outcome: { kind: 'failed', reason: 'unsupported' } }
      if (repeated) {
        const outcome = await handler.finished?.(orderOf(job), plan)
        if (outcome !== undefined) return { kind: 'ended', outcome }
      }
      const found = judged(job)
      if ('outcome' in found) return { kind: 'ended', outcome: found.outcome }
      const report: CommandRun['report'] = configuration => work.report(job, configuration, signal)
      return { kind: 'ended', outcome: await handler.act(found.order, plan, { repeated, signal, report }) }
    },
    'restart-device': async ({ job, asked }, signal) => {
      if (!asked) {
        await work.farewell(signal)
        if (signal.aborted) return undefined
        ports.log.info({ event: 'restart-device', operation: job.operation }, 'the device is asked to start anew')
        const reason = await ports.reboot.device()
        if (reason !== undefined) return { kind: 'ended', outcome: { kind: 'failed', reason } }
      }
      await pause(ports, restartTimeMs, signal)
      return signal.aborted ? undefined : { kind: 'ended', outcome: { kind: 'failed', reason: 'not-restarted' } }
    },
  }
}

/** Of an accepted job, whose bytes were validated before it became one. */
function orderOf(job: CommandJob): Order {
  const read = readCommand(openEnvelope(Buffer.from(job.envelope, 'base64')).payload)
  if (!read.ok) throw new Error(`the command of ${job.operation} does not read: ${read.failure.code}`)
  return { ...read.command, attempt: job.attempt }
}

async function pause({ clock }: Pick<AgentPorts, 'clock'>, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const end = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(delayMs, end)
    signal.addEventListener('abort', end)
  })
}
