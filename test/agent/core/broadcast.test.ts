import t from 'tap'
import { heard, isOver, type Session, type SessionPhase, type SessionVerdict } from '../../../agent/core/broadcast.ts'
import type { SessionControl } from '../../../proto/session-messages.ts'

const artifact = 'aa'.repeat(32)
const other = 'bb'.repeat(32)
const at = (phase: SessionPhase): Session => ({ name: '00000000000000aa', artifact, phase })

function word(verdict: SessionVerdict): string {
  switch (verdict.kind) {
    case 'nothing':
      return '–'
    case 'abort-refused':
      return 'abort refused'
    case 'moved':
      return verdict.session.phase
    case 'activated':
      return 'activated'
    case 'failed': {
      const { reason, expected, actual } = verdict.failure.data
      return `${verdict.failure.code} ${reason}: ${expected} ≠ ${actual}`
    }
  }
}

const said = (kind: SessionControl['kind']): SessionControl =>
  kind === 'abort' ? { kind, artifact, reason: 'why' } : { kind, artifact }
const phases = ['joined', 'started', 'ended', 'activated'] as const
const kinds = ['start', 'end', 'activate', 'abort'] as const

/** By phase: start, end, activate with the whole image, activate without it, abort. */
const table: Readonly<Record<SessionPhase, readonly string[]>> = {
  joined: ['started', '45: start ≠ end', 'activated', '45: start ≠ activate', 'aborted: start ≠ abort'],
  started: ['–', 'ended', 'activated', '45: end ≠ activate', 'aborted: end ≠ abort'],
  ended: ['–', '–', 'activated', '45: whole-image ≠ activate', 'aborted: whole-image ≠ abort'],
  activated: ['–', '–', '–', '–', 'abort refused'],
}

t.test('every phase with every word, with and without the whole image', async t => {
  for (const phase of phases) {
    const [start, end, whole, less, abort] = (table[phase] ?? []).map(cell =>
      cell.replace('45:', 'UPD4_FAIL_45 out-of-sequence:').replace('aborted:', 'UPD4_FAIL_45 aborted:'),
    )
    for (const image of [true, false])
      t.strictSame(
        kinds.map(kind => word(heard(at(phase), said(kind), image))),
        [start, end, image ? whole : less, abort],
        `${phase} ${image}`,
      )
  }
})

t.test('any word about another artifact is out of sequence until the session is activated', async t => {
  for (const phase of phases)
    for (const kind of kinds)
      for (const whole of [true, false]) {
        const verdict = heard(at(phase), { ...said(kind), artifact: other }, whole)
        if (phase === 'activated') t.equal(word(verdict), kind === 'abort' ? 'abort refused' : '–')
        else
          t.match(verdict, {
            failure: {
              code: 'UPD4_FAIL_45',
              data: { reason: 'out-of-sequence', field: 'artifact', expected: artifact, actual: other },
            },
          })
      }
})

t.test('what is remembered is the session with its new phase, and nothing else', async t => {
  t.strictSame(heard(at('joined'), said('start'), false), { kind: 'moved', session: at('started') })
  t.strictSame(heard(at('started'), said('end'), false), { kind: 'moved', session: at('ended') })
  t.strictSame(heard(at('ended'), said('activate'), true), { kind: 'activated', session: at('activated') })
})

t.test('the failure says which session, and what the sender said', async t => {
  t.match(heard(at('started'), said('abort'), false), {
    failure: { data: { session: '00000000000000aa', detail: 'why' } },
  })
  const silent = heard(at('started'), { kind: 'abort', artifact, reason: '' }, false)
  t.notOk(silent.kind === 'failed' && 'detail' in silent.failure.data)
  t.match(heard(at('joined'), said('end'), false), { failure: { data: { session: '00000000000000aa' } } })
})

t.test('chunks are expected until the end', async t => {
  t.strictSame(
    phases.map(phase => isOver(at(phase))),
    [false, false, true, true],
  )
})
