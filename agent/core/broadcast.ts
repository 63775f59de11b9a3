// One broadcast session as a member of it sees it: which word may come next, and what it means for the update. A word
// comes in, a verdict comes out; pure.
//
//   joined ──start──▶ started ──end──▶ ended ──activate, the whole image held──▶ activated
//      └── abort, or a word out of its order, before `activated`: UPD4_FAIL_45 ──┘
//
// Words may be repeated, and are told again to everybody when one device joins late: what was heard before means nothing
// new. Only `activate` looks at the image: a device that holds all of it needs neither `start` nor `end`.
import type { Failure } from '../../proto/event-codes.ts'
import type { SessionControl } from '../../proto/session-messages.ts'

export type SessionPhase = 'joined' | 'started' | 'ended' | 'activated'

/** The session a job gets its chunks from; plain JSON, remembered with the job. */
export interface Session {
  /** 16 hex digits. */
  readonly name: string
  /** Lower-case hex, payload SHA-256 of the job's manifest: the session may speak of nothing else. */
  readonly artifact: string
  readonly phase: SessionPhase
}

export type SessionVerdict =
  /** Said before, or of no use any more. */
  | { readonly kind: 'nothing' }
  /** An abort that comes after the activation changes nothing. */
  | { readonly kind: 'abort-refused' }
  /** `started`: chunks come, ask for none. `ended`: pull what is missing now. */
  | { readonly kind: 'moved'; readonly session: Session }
  | { readonly kind: 'activated'; readonly session: Session }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** `whole`: every byte of the payload is held. */
export function heard(session: Session, control: SessionControl, whole: boolean): SessionVerdict {
  const { phase, artifact } = session
  if (phase === 'activated') return { kind: control.kind === 'abort' ? 'abort-refused' : 'nothing' }
  if (control.artifact !== artifact)
    return outOfSequence(session, { field: 'artifact', expected: artifact, actual: control.artifact })
  switch (control.kind) {
    case 'start':
      return phase === 'joined' ? moved(session, 'started') : { kind: 'nothing' }
    case 'end':
      if (phase === 'joined') return outOfSequence(session, { expected: 'start', actual: 'end' })
      return phase === 'started' ? moved(session, 'ended') : { kind: 'nothing' }
    case 'activate':
      return whole
        ? { kind: 'activated', session: { ...session, phase: 'activated' } }
        : outOfSequence(session, { expected: missingBefore[phase], actual: 'activate' })
    case 'abort': {
      const why = control.reason === '' ? {} : { detail: control.reason }
      return failed({
        reason: 'aborted',
        session: session.name,
        expected: missingBefore[phase],
        actual: 'abort',
        ...why,
      })
    }
  }
}

/** No more chunks are to be expected from it. */
export function isOver({ phase }: Session): boolean {
  return phase === 'ended' || phase === 'activated'
}

/** What has to come before an activation, first things first. */
const missingBefore: Readonly<Record<Exclude<SessionPhase, 'activated'>, string>> = {
  joined: 'start',
  started: 'end',
  ended: 'whole-image',
}

function moved(session: Session, phase: 'started' | 'ended'): SessionVerdict {
  return { kind: 'moved', session: { ...session, phase } }
}

function outOfSequence({ name }: Session, data: Readonly<Record<string, string>>): SessionVerdict {
  return failed({ reason: 'out-of-sequence', session: name, ...data })
}

function failed(data: Readonly<Record<string, string>>): SessionVerdict {
  return { kind: 'failed', failure: { code: 'UPD4_FAIL_45', data } }
}
