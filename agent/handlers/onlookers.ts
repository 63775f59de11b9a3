// Tells those who look on what the agent is about: a line in the log at every step, the observer at every change, what
// happened once it is durable. Nobody waits for them, and nothing they do changes what the agent does.
import type { DeviceEvent, EventContent } from '../../proto/messages.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import type { InstalledComponent } from '../core/accept.ts'
import { type AgentMemory, type OperationResult, underWay } from '../core/memory.ts'
import type { AgentView, Happening } from '../observer.ts'
import type { AgentPorts } from '../ports.ts'

/** What the shell knows at the moment. */
export interface Seen {
  readonly memory: AgentMemory
  readonly installed: ReadonlyMap<string, InstalledComponent>
  readonly ready: boolean
  readonly outboxCount: number
  readonly waitingFor: string | undefined
}

export class Onlookers {
  readonly #ports: Pick<AgentPorts, 'log' | 'observer' | 'recentLog'>
  readonly #see: () => Seen
  #link: AgentView['link'] = { connected: false }

  constructor(ports: Pick<AgentPorts, 'log' | 'observer' | 'recentLog'>, see: () => Seen) {
    this.#ports = ports
    this.#see = see
  }

  /** The machine has stepped; it is saved next. */
  stepped(before: AgentMemory, after: AgentMemory): void {
    const job = underWay(after)
    const last = underWay(before)
    if (job !== undefined && (job.operation !== last?.operation || job.attempt !== last.attempt))
      this.#ports.recentLog?.mark()
    const step = stepOf(after)
    const told = job ?? last
    if (told === undefined) this.#refused(before, after)
    if (step === stepOf(before)) return
    const component = told !== undefined && 'component' in told ? told.component : undefined
    const outcome = step === 'idle' ? after.results.at(-1)?.outcome : undefined
    this.#ports.log.info(
      { event: 'update-step', operation: told?.operation, component, step, outcome },
      `job: ${stepOf(before)} → ${step}`,
    )
  }

  /** What never became a job. */
  #refused(before: AgentMemory, after: AgentMemory): void {
    const result = after.results.at(-1)
    if (after.results === before.results || result === undefined) return
    const { operation, attempt, component, outcome, data } = result
    this.#ports.log.info({ event: 'refused', operation, attempt, component, outcome, data }, 'offer refused')
  }

  /** Memory and events are durable. */
  saved(before: AgentMemory, events: readonly DeviceEvent[]): void {
    const { observer } = this.#ports
    if (observer === undefined) return
    const known = new Set(before.results.map(keyOf))
    const results = this.#see().memory.results.filter(result => !known.has(keyOf(result)))
    observer.happened([...events.map(ofEvent), ...results.map(ofResult)])
    this.look()
  }

  linked(link: AgentView['link']): void {
    this.#link = link
    this.look()
  }

  look(): void {
    const { observer } = this.#ports
    if (observer === undefined) return
    const { memory, installed, ready, outboxCount, waitingFor } = this.#see()
    observer.changed({
      components: [...installed].map(([name, { version, digest }]) => ({ name, version, digest })),
      step: stepOf(memory),
      ...jobIn(memory),
      ...(waitingFor === undefined ? {} : { waitingFor }),
      link: this.#link,
      ready,
      outboxCount,
    })
  }
}

/** The state of whichever machine is at work. */
export function stepOf({ state, command }: AgentMemory): string {
  return command?.kind ?? state.kind
}

function jobIn(memory: AgentMemory): Pick<AgentView, 'job'> {
  const job = underWay(memory)
  if (job === undefined) return {}
  const { operation, attempt } = job
  return 'component' in job
    ? { job: { operation, attempt, operationType: firmwareUpdate, component: job.component, version: job.version } }
    : { job: { operation, attempt, operationType: job.operationType } }
}

function keyOf({ operation, attempt, outcome }: OperationResult): string {
  return `${operation} ${attempt} ${whatOf(outcome)}`
}

function ofEvent({ operation, attempt, component, content, data }: DeviceEvent): Happening {
  return {
    kind: 'event',
    ...(operation === undefined ? {} : { operation }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(component === undefined ? {} : { component }),
    what: whatOf(content),
    data,
  }
}

function ofResult({ operation, attempt, component, outcome, data }: OperationResult): Happening {
  const about = { operation, attempt, ...(component === undefined ? {} : { component }) }
  return { kind: 'result', ...about, what: whatOf(outcome), data }
}

function whatOf(content: EventContent | OperationResult['outcome']): string {
  if (content.kind === 'hello') return 'hello'
  return content.kind === 'code' ? content.code : content.step
}
