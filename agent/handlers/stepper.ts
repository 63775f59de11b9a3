// One batch of the agent's inbox: steps over all that waits, one entry after the other, and gives back what has to be saved
// together and what is to be done once it is. Nothing is done here, and nothing is remembered but the number of the work
// under way: every wish about a job makes void what earlier work may still report.
import { createHash } from 'node:crypto'
import type { DeviceEvent } from '../../proto/messages.ts'
import type { OfferMessage, TrustMessage } from '../../proto/offer-messages.ts'
import type { AcceptFacts, InstalledComponent } from '../core/accept.ts'
import { staleness, withFleetTime } from '../core/fleet-time.ts'
import { type AgentMemory, jobOf, underWay } from '../core/memory.ts'
import { offered, proceeded, withdrawn } from '../core/offers.ts'
import { joined } from '../core/session-job.ts'
import { trustSent } from '../core/trust.ts'
import type { Effect, Outcome } from '../core/words.ts'
import type { AgentPorts } from '../ports.ts'
import { installerNamed, manifestOf } from './firmware.ts'
import { judged } from './judgement.ts'
import type { Onlookers } from './onlookers.ts'
import { isHeard, isKept, type Outbox } from './outbox.ts'
import type { SessionLine, SessionWord } from './session-line.ts'
import { eventOf, saysTheSame } from './speech.ts'
import { type JobEffect, type JobInput, stepJob } from './work.ts'

export type Entry =
  /** `work`: the outcome of the work of this number, void when other work began since. */
  | { readonly kind: 'input'; readonly input: JobInput; readonly work: number }
  | { readonly kind: 'message'; readonly message: OfferMessage | TrustMessage | SessionWord }
  | { readonly kind: 'acknowledged'; readonly eventNumber: number }

export interface Stepped {
  readonly memory: AgentMemory
  readonly events: readonly DeviceEvent[]
  readonly acknowledged: readonly number[]
  readonly effects: readonly { readonly effect: Effect; readonly work: number }[]
}

export interface StepperParts {
  readonly ports: Pick<AgentPorts, 'clock' | 'installers' | 'log'>
  readonly journalId: string
  /** As the agent says it in its hello. */
  readonly installed: ReadonlyMap<string, InstalledComponent>
  readonly outbox: Pick<Outbox, 'events'>
  readonly session: Pick<SessionLine, 'said'>
  readonly onlookers: Pick<Onlookers, 'stepped'>
  readonly facts: (memory: AgentMemory) => AcceptFacts
}

export class Stepper {
  readonly #parts: StepperParts
  #workNumber = 0

  constructor(parts: StepperParts) {
    this.#parts = parts
  }

  /** Of the work under way. */
  get workNumber(): number {
    return this.#workNumber
  }

  workNumberFor(effect: Effect): number {
    if (isJobEffect(effect) || effect.kind === 'abandon') this.#workNumber += 1
    return this.#workNumber
  }

  stepAll(before: AgentMemory, entries: readonly Entry[]): Stepped {
    const { ports, outbox, onlookers, journalId, installed } = this.#parts
    let memory = before
    const events: DeviceEvent[] = []
    const effects: { effect: Effect; work: number }[] = []
    const acknowledged: number[] = []
    const waitingCount = (): number => outbox.events.length + events.length
    for (const entry of entries) {
      if (entry.kind === 'acknowledged') acknowledged.push(entry.eventNumber)
      if (entry.kind === 'acknowledged' || (entry.kind === 'input' && entry.work !== this.#workNumber)) continue
      if (entry.kind === 'message' && !this.#isHeard(entry.message, waitingCount(), memory)) continue
      const outcome = this.#step(memory, entry)
      onlookers.stepped(memory, outcome.memory)
      memory = outcome.memory
      for (const draft of outcome.events) {
        if (!isKept(draft.content, waitingCount())) continue
        if ([...outbox.events, ...events].some(event => saysTheSame(event, draft))) continue
        const eventNumber = memory.nextEventNumber
        const numbered = { journalId, eventNumber, deviceTime: ports.clock.wallMs() }
        events.push(eventOf(draft, numbered, installed))
        memory = { ...memory, nextEventNumber: eventNumber + 1 }
      }
      for (const effect of outcome.effects) effects.push({ effect, work: this.workNumberFor(effect) })
    }
    return { memory, events, acknowledged, effects }
  }

  #isHeard(message: OfferMessage | TrustMessage | SessionWord, waitingCount: number, memory: AgentMemory): boolean {
    if (message.kind === 'session' || isHeard(message, waitingCount, underWay(memory)?.operation)) return true
    this.#parts.ports.log.warn({ event: 'outbox-full', message: message.kind, waitingCount }, 'message dropped')
    return false
  }

  #step(memory: AgentMemory, entry: Exclude<Entry, { kind: 'acknowledged' }>): Outcome {
    if (entry.kind === 'input') return stepJob(memory, entry.input)
    const { ports, session, facts } = this.#parts
    const { message } = entry
    switch (message.kind) {
      case 'withdraw':
        return withdrawn(memory, message)
      case 'proceed':
        return proceeded(memory, message)
      case 'session':
        return session.said(memory, message)
      case 'trust': {
        const { refused, version, ...outcome } = trustSent(memory, message.document, facts(memory).trust)
        if (version !== undefined)
          ports.log.info({ event: 'trust-taken', version }, 'another trust document is in force')
        // One that is known already is only an answer that crossed our hello.
        else if (refused !== 'not-newer')
          ports.log.warn({ event: 'trust-refused', reason: refused }, 'the trust document in force stays')
        return outcome
      }
      case 'join': {
        const job = jobOf(memory.state)
        if (job === undefined) return { memory, events: [], effects: [] }
        return joined(memory, message, manifestOf(job).payloadSha256)
      }
      case 'offer': {
        const envelopeSha256 = createHash('sha256').update(message.envelope).digest('hex')
        const needsRestart = (component: string): boolean =>
          installerNamed(ports.installers, component).restart !== 'none'
        const timed = withFleetTime(memory, message.time, facts(memory).trust)
        return offered(timed, { ...message, envelopeSha256 }, () => {
          const known = facts(timed)
          const verdict = judged(message, envelopeSha256, known, needsRestart)
          const stale = verdict.ok ? staleness(known.now, timed, known.trust) : undefined
          return stale === undefined ? verdict : { ok: false, failure: stale }
        })
      }
    }
  }
}

export function isJobEffect(effect: Effect): effect is JobEffect {
  return 'job' in effect
}
