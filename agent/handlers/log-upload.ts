// Sends the recent log of the agent after a failure, to a broker whose offer asked for it: once an attempt, when the event
// that tells the failure has been acknowledged. A favour: what the line or a power cut takes away is not sent again.
import { eventCodeEntry } from '../../proto/event-codes.ts'
import { deflatedLog, encodeLogReport } from '../../proto/log-report.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import { type AgentMemory, isLogWanted, logsWantedMax } from '../core/memory.ts'
import type { AgentPorts } from '../ports.ts'
import type { Outbox } from './outbox.ts'

export class LogUpload {
  readonly #ports: Pick<AgentPorts, 'log' | 'recentLog'>
  readonly #outbox: Pick<Outbox, 'report'>
  readonly #stop = new AbortController()
  /** Attempts whose log has been given to the outbox, the last ones. */
  #sent: readonly string[] = []

  constructor(ports: Pick<AgentPorts, 'log' | 'recentLog'>, outbox: Pick<Outbox, 'report'>) {
    this.#ports = ports
    this.#outbox = outbox
  }

  /** The broker has the event. */
  acknowledged({ operation, attempt, content }: DeviceEvent, memory: AgentMemory): void {
    const { recentLog } = this.#ports
    if (recentLog === undefined || operation === undefined || attempt === undefined || !tellsFailure(content)) return
    const key = `${operation} ${attempt}`
    if (!isLogWanted(memory, operation, attempt) || this.#sent.includes(key)) return
    const { text, cut } = recentLog.read()
    if (text === '') return
    this.#sent = [...this.#sent, key].slice(-logsWantedMax)
    const report = encodeLogReport({ operation, attempt, lines: deflatedLog(text), cut })
    this.#outbox.report('log', report, this.#stop.signal).then(
      () => this.#ports.log.info({ event: 'log-sent', operation, attempt, cut }, 'the broker has the recent log'),
      err => this.#ports.log.warn({ event: 'log-not-sent', operation, attempt, err }, 'the broker has no log of it'),
    )
  }

  stop(): void {
    this.#stop.abort()
  }
}

function tellsFailure(content: DeviceEvent['content']): boolean {
  if (content.kind === 'step') return content.step === 'failed'
  return eventCodeEntry(content.code).types[0] === 'FAIL'
}
