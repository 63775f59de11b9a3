// The line to the broadcast session of the job under way. What the memory says is the whole truth: after each save the
// link and the download are brought in line with it, so that no way to the end of a job has to think of leaving.
import { readSessionControl, readSessionData, type SessionControl } from '../../proto/session-messages.ts'
import type { SessionChannel } from '../../proto/topics.ts'
import type { Session } from '../core/broadcast.ts'
import { type AgentMemory, jobOf } from '../core/memory.ts'
import { said } from '../core/session-job.ts'
import type { Outcome } from '../core/words.ts'
import type { AgentPorts } from '../ports.ts'
import type { DownloadRun } from './download-run.ts'

export interface SessionWord {
  readonly kind: 'session'
  readonly session: string
  readonly control: SessionControl
}

export class SessionLine {
  readonly #ports: Pick<AgentPorts, 'link' | 'log'>
  readonly #heard: (word: SessionWord) => void
  #session: Session | undefined
  #download: DownloadRun | undefined

  /** `heard` takes what changes what is remembered. */
  constructor(ports: Pick<AgentPorts, 'link' | 'log'>, heard: (word: SessionWord) => void) {
    this.#ports = ports
    this.#heard = heard
  }

  /** After the start and after each save. */
  follow({ state }: AgentMemory): void {
    const before = this.#session?.name
    this.#session = jobOf(state)?.session
    const name = this.#session?.name
    if (name !== before) {
      if (name === undefined) this.#ports.link.leave()
      else this.#ports.link.join(name)
      this.#ports.log.info(
        { event: 'session', session: name, before },
        name === undefined ? 'session left' : 'session joined',
      )
    }
    this.#download?.follow(this.#session)
  }

  /** What is being downloaded now, if anything. */
  feed(download: DownloadRun | undefined): void {
    this.#download = download
    download?.follow(this.#session)
  }

  received(channel: SessionChannel, session: string, bytes: Uint8Array): void {
    // Left while it was on its way.
    if (session !== this.#session?.name) return
    try {
      if (channel === 'data') this.#download?.broadcast(readSessionData(bytes))
      else this.#heard({ kind: 'session', session, control: readSessionControl(bytes) })
    } catch (err) {
      this.#ports.log.warn({ event: 'message-unreadable', session, channel, err }, 'message dropped')
    }
  }

  said(memory: AgentMemory, { session, control }: SessionWord): Outcome {
    const { verdict, ...outcome } = said(memory, session, control)
    if (verdict === 'abort-refused')
      this.#ports.log.warn({ event: 'abort-refused', session, control }, 'the session was activated before')
    return outcome
  }
}
