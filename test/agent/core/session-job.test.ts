import t from 'tap'
import type { Session, SessionPhase } from '../../../agent/core/broadcast.ts'
import { type AgentMemory, emptyMemory, type Job, jobOf, type UpdateState } from '../../../agent/core/memory.ts'
import { type OfferVerdict, offered, proceeded, withdrawn } from '../../../agent/core/offers.ts'
import { joined, said } from '../../../agent/core/session-job.ts'
import { step } from '../../../agent/core/update.ts'
import type { Outcome } from '../../../agent/core/words.ts'
import { operationId } from '../../../proto/ids.ts'
import type { SessionControl } from '../../../proto/session-messages.ts'

const one = operationId('00000000000000000000000001')
const two = operationId('00000000000000000000000002')
const name = '00000000000000a1'
const artifact = 'aa'.repeat(32)
const job: Job = {
  operation: one,
  attempt: 2,
  envelope: 'AAAA',
  envelopeSha256: 'ee',
  component: 'main',
  version: '2.0.0',
  digest: 'dd',
  releaseCounter: 7,
  reboot: true,
}
const session = (phase: SessionPhase): Session => ({ name, artifact, phase })
const memberOf = (phase: SessionPhase): Job => ({
  ...job,
  ...(phase === 'activated' ? {} : { hold: true }),
  session: session(phase),
})
const at = (state: UpdateState): AgentMemory => ({ ...emptyMemory, state, leases: [{ operation: one, lease: 5 }] })
const early = (of: Job): AgentMemory[] => [
  at({ kind: 'accepting', job: of }),
  at({ kind: 'downloading', job: of, elapsedMs: 9 }),
  at({ kind: 'verifying', job: of }),
  at({ kind: 'awaiting-install', job: of }),
]
const late = (of: Job): AgentMemory[] => [
  at({ kind: 'installing', job: of }),
  at({ kind: 'rebooting', job: of }),
  at({ kind: 'confirming', job: of }),
  at({ kind: 'rolling-back', job: of, failure: { code: 'UPD4_FAIL_40', data: {} } }),
]
const word = ({ memory, events, effects }: Outcome): string => {
  const now = jobOf(memory.state)
  return [
    memory.state.kind,
    now?.session?.phase ?? 'alone',
    ...(now?.hold === true ? ['held'] : []),
    ...events.map(({ content }) => (content.kind === 'code' ? content.code : content.step)),
    ...effects.map(({ kind }) => kind),
  ].join(' ')
}
const join = { operation: one, lease: 5, attempt: 2, session: name }

t.test('an order to join is taken in the early states alone, and holds the job', async t => {
  for (const memory of early(job)) {
    const outcome = joined(memory, { ...join, lease: 6 }, artifact)
    t.equal(word(outcome), `${memory.state.kind} joined held`)
    t.strictSame(jobOf(outcome.memory.state), { ...job, hold: true, session: session('joined') })
    t.strictSame(outcome.memory.leases, [{ operation: one, lease: 6 }])
  }
  for (const memory of [at({ kind: 'idle' }), ...late(job)])
    t.equal(joined(memory, join, artifact).memory, memory, memory.state.kind)
})

t.test('what is no order for this job changes nothing', async t => {
  for (const memory of early(job))
    for (const change of [{ operation: two }, { lease: 4 }, { attempt: 1 }, { attempt: 3 }])
      t.equal(joined(memory, { ...join, ...change }, artifact).memory, memory)
  for (const phase of ['joined', 'started', 'ended', 'activated'] as const)
    for (const memory of early(memberOf(phase))) t.equal(joined(memory, join, artifact).memory, memory, 'said again')
})

t.test('another session takes the place of one that is not activated', async t => {
  for (const phase of ['joined', 'started', 'ended', 'activated'] as const)
    for (const memory of early(memberOf(phase))) {
      const next = jobOf(joined(memory, { ...join, session: '00000000000000a2' }, artifact).memory.state)
      t.strictSame(
        next?.session,
        phase === 'activated' ? session(phase) : { name: '00000000000000a2', artifact, phase: 'joined' },
      )
    }
})

t.test('every state with every word of a session', async t => {
  const words = ['start', 'end', 'activate', 'abort'] as const
  const control = (kind: SessionControl['kind']): SessionControl =>
    kind === 'abort' ? { kind, artifact, reason: '' } : { kind, artifact }
  const failed = 'idle alone UPD4_FAIL_45 abandon'
  const rows: Record<string, readonly string[]> = {}
  for (const phase of ['joined', 'started', 'ended', 'activated'] as const)
    for (const memory of [...early(memberOf(phase)), ...late(memberOf(phase))]) {
      const outcomes = words.map(kind => said(memory, name, control(kind)))
      rows[`${memory.state.kind} ${phase}`] = outcomes.map(outcome =>
        outcome.memory === memory ? (outcome.verdict === 'abort-refused' ? 'refused' : '–') : word(outcome),
      )
    }
  const expected: Record<string, readonly string[]> = {}
  for (const kind of ['accepting', 'downloading']) {
    expected[`${kind} joined`] = [`${kind} started held`, failed, failed, failed]
    expected[`${kind} started`] = ['–', `${kind} ended held`, failed, failed]
    expected[`${kind} ended`] = ['–', '–', failed, failed]
  }
  const go = 'verifying activated'
  expected['verifying joined'] = ['verifying started held', failed, go, failed]
  expected['verifying started'] = ['–', 'verifying ended held', go, failed]
  expected['verifying ended'] = ['–', '–', go, failed]
  const install = 'verifying activated verifying validate'
  expected['awaiting-install joined'] = ['awaiting-install started held', failed, install, failed]
  expected['awaiting-install started'] = ['–', 'awaiting-install ended held', install, failed]
  expected['awaiting-install ended'] = ['–', '–', install, failed]
  for (const { state } of [...early(memberOf('activated')), ...late(memberOf('activated'))])
    expected[`${state.kind} activated`] = ['–', '–', '–', 'refused']
  // From installing on there was an activation; nothing else may undo it.
  for (const phase of ['joined', 'started', 'ended'])
    for (const { state } of late(job)) expected[`${state.kind} ${phase}`] = ['–', '–', '–', '–']
  t.strictSame(rows, expected)
})

t.test('words of a session the job is not in are nothing', async t => {
  for (const memory of [at({ kind: 'idle' }), ...early(job), ...early(memberOf('started')), ...late(job)])
    t.equal(said(memory, '00000000000000a9', { kind: 'abort', artifact, reason: '' }).memory, memory)
})

t.test('a member waits after verifying; told to join while it asks for the installation, it waits as well', async t => {
  const [, , verifying] = early(memberOf('ended'))
  if (verifying === undefined) throw new Error('no state')
  t.equal(word(step(verifying, { kind: 'verified', digest: 'dd' })), 'awaiting-install ended held awaiting-install')
  t.equal(word(step(verifying, { kind: 'install-authorized' })), 'awaiting-install ended held awaiting-install')
  const named = (memory: AgentMemory, input: Parameters<typeof step>[1]) =>
    step(memory, input).events.map(({ data }) => data)
  t.strictSame(named(verifying, { kind: 'verified', digest: 'dd' }), [{ session: name }], 'and says for which word')
  const [, , , waiting] = early(memberOf('started'))
  if (waiting !== undefined)
    t.strictSame(named(waiting, { kind: 'validated' }), [{ session: name }], 'after a start, too')
  const alone = at({ kind: 'verifying', job: { ...job, hold: true } })
  t.strictSame(named(alone, { kind: 'verified', digest: 'dd' }), [{}], 'the go of a window has no name')
  const activated = at({ kind: 'verifying', job: memberOf('activated') })
  t.equal(word(step(activated, { kind: 'verified', digest: 'dd' })), 'verifying activated authorize-install')
})

const offer = { operation: two, lease: 1, attempt: 1, envelopeSha256: 'ff', installHold: false, logWanted: false }
const good = (): OfferVerdict => ({ ok: true, job: { ...job, operation: two, attempt: 1, envelopeSha256: 'ff' } })
const bad = (): OfferVerdict => ({ ok: false, failure: { code: 'UPD4_FAIL_27', data: {} } })
const command = (): OfferVerdict => ({
  ok: true,
  command: { operation: two, attempt: 1, operationType: 'reboot', envelope: 'AAAA', envelopeSha256: 'ff' },
})

t.test('a good manifest for the device alone overrides a session, silently; nothing else does', async t => {
  for (const phase of ['joined', 'started', 'ended'] as const)
    for (const memory of early(memberOf(phase))) {
      const { kind } = memory.state
      t.equal(word(offered(memory, offer, good)), 'accepting alone authorize-download')
      t.equal(word(offered(memory, offer, bad)), `${kind} ${phase} held UPD4_FAIL_27`)
      t.equal(word(offered(memory, offer, command)), `${kind} ${phase} held refuse`)
      t.equal(offered(memory, { ...offer, operation: one, lease: 5, attempt: 2 }, good).memory, memory, 'the same try')
      t.equal(offered(memory, { ...offer, operation: one, lease: 4, attempt: 3 }, good).memory, memory, 'a lower lease')
    }
  for (const memory of [...early(memberOf('activated')), ...early(job)])
    t.match(word(offered(memory, offer, good)), /refuse$/)
})

t.test('an operation that ended here overrides nothing: its result is told again', async t => {
  for (const memory of early(memberOf('started'))) {
    const outcome = { kind: 'code', code: 'UPD4_FAIL_40' } as const
    const result = { operation: two, attempt: 1, envelopeSha256: 'ff', outcome, data: {} }
    const remembering = { ...memory, results: [result] }
    t.equal(word(offered(remembering, offer, good)), `${memory.state.kind} started held UPD4_FAIL_40`)
    t.equal(
      word(offered(remembering, { ...offer, attempt: 2 }, good)),
      'accepting alone authorize-download',
      'a new try does',
    )
  }
})

t.test('a newer try of the same operation leaves the session', async t => {
  const again = { ...offer, operation: one, lease: 5, attempt: 3 }
  for (const memory of early(memberOf('started'))) {
    const { kind } = memory.state
    const goesOn = word(offered(memory, { ...again, envelopeSha256: 'ee' }, good))
    t.equal(
      goesOn,
      {
        accepting: 'accepting alone',
        downloading: 'downloading alone downloading',
        verifying: 'verifying alone verifying',
        'awaiting-install': 'verifying alone verifying validate',
      }[kind as string],
    )
    const heldBack = word(offered(memory, { ...again, envelopeSha256: 'ee', installHold: true }, good))
    t.match(heldBack, /alone held/, 'held by its own offer')
    t.equal(word(offered(memory, again, good)), 'accepting alone authorize-download', 'another manifest begins anew')
  }
})

t.test('a go and a withdrawal do what they ever did, and end the session', async t => {
  const waiting = at({ kind: 'awaiting-install', job: memberOf('ended') })
  t.equal(word(proceeded(waiting, { operation: one, lease: 5, attempt: 2 })), 'verifying alone verifying validate')
  for (const memory of early(memberOf('started')))
    t.equal(word(withdrawn(memory, { operation: one, lease: 5, reason: '' })), 'idle alone withdrawn abandon')
})
