import t from 'tap'
import {
  type AgentMemory,
  type CommandJob,
  type CommandState,
  emptyMemory,
  type Job,
  leasesMax,
  type UpdateState,
} from '../../../agent/core/memory.ts'
import { type OfferVerdict, offered, proceeded, withdrawn } from '../../../agent/core/offers.ts'
import type { Outcome } from '../../../agent/core/words.ts'
import { operationId } from '../../../proto/ids.ts'

const one = operationId('00000000000000000000000001')
const two = operationId('00000000000000000000000002')
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
const offer = { operation: one, lease: 5, attempt: 2, envelopeSha256: 'ee', installHold: false }
const accepted = (): OfferVerdict => ({ ok: true, job })
const refused = (): OfferVerdict => ({ ok: false, failure: { code: 'UPD4_FAIL_27', data: {} }, component: 'main' })
const unasked = (): OfferVerdict => {
  throw new Error('an offer that is no news is not validated')
}
const at = (state: UpdateState): AgentMemory => ({ ...emptyMemory, state, leases: [{ operation: one, lease: 5 }] })
const idle = at({ kind: 'idle' })
const finished = (outcome: AgentMemory['results'][number]['outcome']): AgentMemory => ({
  ...idle,
  results: [{ operation: one, attempt: 2, envelopeSha256: 'ee', component: 'main', outcome, data: { reason: 'x' } }],
})
const held: Job = { ...job, hold: true }
const order: CommandJob = {
  operation: one,
  attempt: 2,
  operationType: 'command',
  envelope: 'AAAA',
  envelopeSha256: 'ee',
}
const busy = (command: CommandState): AgentMemory => ({ ...idle, command })
const commanded = (): OfferVerdict => ({ ok: true, command: order })
const acting = busy({ kind: 'acting', job: order, plan: null })
const restarting = busy({ kind: 'restarting', job: order, bootId: 'b' })
const word = ({ memory, events, effects }: Outcome): string =>
  [
    memory.command?.kind ?? memory.state.kind,
    ...events.map(
      ({ content, attempt }) => `${content.kind === 'code' ? content.code : content.step}#${attempt ?? ''}`,
    ),
    ...effects.map(({ kind }) => kind),
  ].join(' ')

t.test('what an offer does in each state', async t => {
  const code = { kind: 'code', code: 'UPD4_FAIL_40' } as const
  for (const [memory, change, verdict, expected] of [
    [idle, {}, accepted, 'accepting authorize-download'],
    [idle, {}, refused, 'idle UPD4_FAIL_27#2'],
    [idle, { lease: 4 }, unasked, 'idle'],
    [finished(code), {}, unasked, 'idle UPD4_FAIL_40#2'],
    [finished({ kind: 'hello' }), {}, unasked, 'idle say-hello'],
    [finished({ kind: 'step', step: 'withdrawn' }), {}, unasked, 'idle withdrawn#2'],
    [finished(code), { attempt: 1 }, unasked, 'idle'],
    [finished(code), { attempt: 3 }, accepted, 'accepting authorize-download'],
    [finished(code), { operation: two, attempt: 1 }, accepted, 'accepting authorize-download'],
    [at({ kind: 'accepting', job }), {}, unasked, 'accepting'],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), {}, unasked, 'downloading'],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), { attempt: 1 }, unasked, 'downloading'],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), { attempt: 3 }, unasked, 'downloading downloading#3'],
    [at({ kind: 'verifying', job }), { attempt: 3 }, unasked, 'verifying verifying#3'],
    [at({ kind: 'accepting', job }), { attempt: 3 }, unasked, 'accepting'],
    [
      at({ kind: 'downloading', job, elapsedMs: 0 }),
      { attempt: 3, envelopeSha256: 'ff' },
      unasked,
      'downloading refuse',
    ],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), { operation: two }, unasked, 'downloading refuse'],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), { operation: two, lease: 4 }, unasked, 'downloading refuse'],
    [at({ kind: 'verifying', job }), { operation: two }, unasked, 'verifying refuse'],
    [at({ kind: 'awaiting-install', job: held }), {}, unasked, 'awaiting-install'],
    [at({ kind: 'awaiting-install', job: held }), { operation: two }, unasked, 'awaiting-install refuse'],
    [
      at({ kind: 'awaiting-install', job: held }),
      { attempt: 3, installHold: true },
      unasked,
      'awaiting-install awaiting-install#3',
    ],
    [at({ kind: 'awaiting-install', job: held }), { attempt: 3 }, unasked, 'verifying verifying#3 validate'],
    [idle, {}, commanded, 'accepted prepare'],
    [busy({ kind: 'accepted', job: order }), {}, unasked, 'accepted'],
    [busy({ kind: 'accepted', job: order }), { attempt: 1 }, unasked, 'accepted'],
    [busy({ kind: 'accepted', job: order }), { attempt: 3 }, unasked, 'accepted'],
    [acting, {}, unasked, 'acting'],
    [acting, { attempt: 3 }, unasked, 'acting'],
    [acting, { attempt: 3, envelopeSha256: 'ff' }, unasked, 'acting refuse'],
    [acting, { operation: two }, unasked, 'acting refuse'],
    [acting, { operation: two, lease: 4 }, unasked, 'acting refuse'],
    [restarting, {}, unasked, 'restarting'],
    [restarting, { operation: two }, unasked, 'restarting'],
    [finished({ kind: 'step', step: 'done' }), {}, unasked, 'idle done#2'],
    [finished({ kind: 'step', step: 'failed' }), {}, unasked, 'idle failed#2'],
    [at({ kind: 'installing', job }), { attempt: 3 }, unasked, 'installing refuse'],
    [at({ kind: 'installing', job }), {}, unasked, 'installing'],
    [at({ kind: 'rebooting', job }), { operation: two }, unasked, 'rebooting'],
    [at({ kind: 'confirming', job }), { operation: two }, unasked, 'confirming refuse'],
    [at({ kind: 'rolling-back', job, failure: { code: 'UPD4_FAIL_40', data: {} } }), {}, unasked, 'rolling-back'],
  ] as const)
    t.equal(
      word(offered(memory, { ...offer, ...change }, verdict)),
      expected,
      `${memory.state.kind} ${JSON.stringify(change)}`,
    )
})

t.test('the patch of a repeated offer takes the place of the one before until the payload is here', async t => {
  const metadata = { baseSize: 1000, frameBytesMax: 100, baseBytesMax: 200, encodedBytesMax: 50 }
  const [patch, other] = [
    { base: 'aa', patchBytes: 300, metadata },
    { base: 'aa', patchBytes: 300, metadata: { ...metadata, encodedBytesMax: 51 } },
  ]
  const patched: Job = { ...job, patch }
  for (const [memory, change, expected, what] of [
    [at({ kind: 'accepting', job }), { patch }, patch, 'first'],
    [at({ kind: 'downloading', job, elapsedMs: 7 }), { patch }, patch, 'late'],
    [at({ kind: 'downloading', job: patched, elapsedMs: 7 }), { patch: other }, other, 'another'],
    [at({ kind: 'downloading', job: patched, elapsedMs: 7 }), {}, patch, 'none: it is as good as it was'],
    [at({ kind: 'verifying', job: patched }), { patch: other }, patch, 'too late'],
    [at({ kind: 'downloading', job: patched, elapsedMs: 7 }), { patch: other, lease: 4 }, patch, 'a lower lease'],
    [at({ kind: 'downloading', job: patched, elapsedMs: 7 }), { patch: other, attempt: 1 }, patch, 'an older attempt'],
    [
      at({ kind: 'downloading', job: patched, elapsedMs: 7 }),
      { patch: other, envelopeSha256: 'ff' },
      patch,
      'another manifest',
    ],
    [at({ kind: 'downloading', job: patched, elapsedMs: 7 }), { patch: other, attempt: 3 }, other, 'the next attempt'],
    [at({ kind: 'downloading', job: patched, elapsedMs: 7 }), { attempt: 3 }, patch, 'the next attempt without one'],
  ] as const) {
    const { memory: after, effects } = offered(memory, { ...offer, ...change }, unasked)
    t.strictSame(after.state.kind !== 'idle' && after.state.job.patch, expected, what)
    t.equal(after.state.kind, memory.state.kind)
    t.strictSame(effects, [], what)
  }
  const same = at({ kind: 'downloading', job: patched, elapsedMs: 7 })
  const again = { ...offer, patch: { ...patch, metadata: { ...metadata } }, lease: 9 }
  t.equal(offered(same, again, unasked).memory, same, 'the same again is nothing to save')
  const delta = at({ kind: 'downloading', job: { ...job, format: 'delta-zstd' }, elapsedMs: 7 })
  t.equal(offered(delta, { ...offer, patch }, unasked).memory, delta)
})

t.test('a new attempt of a command goes on under its number', async t => {
  t.equal(offered(acting, { ...offer, attempt: 3 }, unasked).memory.command?.job.attempt, 3)
  t.equal(offered(acting, { ...offer, attempt: 3, lease: 4 }, unasked).memory.command?.job.attempt, 2, 'a lower lease')
})

t.test('a go ends the wait of its own operation, with a lease that is not lower, and nothing else', async t => {
  const waiting = at({ kind: 'awaiting-install', job: held })
  for (const [memory, change, expected] of [
    [waiting, {}, 'verifying verifying#2 validate'],
    [waiting, { lease: 9 }, 'verifying verifying#2 validate'],
    [waiting, { attempt: 3 }, 'verifying verifying#2 validate'],
    [waiting, { lease: 4 }, 'awaiting-install'],
    [waiting, { attempt: 1 }, 'awaiting-install'],
    [waiting, { operation: two }, 'awaiting-install'],
    [at({ kind: 'downloading', job: held, elapsedMs: 0 }), {}, 'downloading'],
    [at({ kind: 'verifying', job: held }), {}, 'verifying'],
    [at({ kind: 'installing', job }), {}, 'installing'],
    [at({ kind: 'confirming', job }), {}, 'confirming'],
    [idle, {}, 'idle'],
    [acting, {}, 'acting'],
  ] as const)
    t.equal(word(proceeded(memory, { operation: one, lease: 5, attempt: 2, ...change })), expected)
  const gone = proceeded(waiting, { operation: one, lease: 9, attempt: 2 })
  t.strictSame(gone.memory.state, { kind: 'verifying', job }, 'it does not wait a second time')
  t.strictSame(gone.memory.leases, [{ operation: one, lease: 9 }])
})

t.test('an accepted offer raises the lease and is kept whole; a refused one is remembered', async t => {
  const taken = offered(idle, { ...offer, lease: 8 }, accepted).memory
  t.strictSame(taken, { ...idle, leases: [{ operation: one, lease: 8 }], state: { kind: 'accepting', job } })
  const remembered = offered(idle, { ...offer, lease: 8 }, refused).memory
  t.match(remembered, {
    leases: [{ operation: one, lease: 8 }],
    state: { kind: 'idle' },
    results: [{ operation: one, attempt: 2 }],
  })
  t.equal(word(offered(remembered, { ...offer, lease: 8 }, unasked)), 'idle UPD4_FAIL_27#2')
})

t.test('a lease counts within its operation: a high one of another operation makes nobody deaf', async t => {
  const { memory } = offered(idle, { ...offer, lease: 900 }, refused)
  t.equal(
    word(offered(memory, { ...offer, operation: two, attempt: 1, lease: 1 }, accepted)),
    'accepting authorize-download',
  )
})

t.test('the leases of the last operations are kept, and no more', async t => {
  let memory = idle
  for (let number = 0; number < 200; number += 1) {
    const operation = operationId(String(number).padStart(26, '0'))
    memory = offered(memory, { ...offer, operation, attempt: 1 }, refused).memory
  }
  t.equal(memory.leases.length, leasesMax)
  t.equal(memory.leases.at(-1)?.operation, operationId('199'.padStart(26, '0')))
})

t.test('what a withdrawal does in each state', async t => {
  const failure = { code: 'UPD4_FAIL_40', data: {} } as const
  for (const [memory, change, expected] of [
    [at({ kind: 'accepting', job }), {}, 'idle withdrawn#2 abandon'],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), {}, 'idle withdrawn#2 abandon'],
    [at({ kind: 'verifying', job }), {}, 'idle withdrawn#2 abandon'],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), { lease: 4 }, 'downloading'],
    [at({ kind: 'downloading', job, elapsedMs: 0 }), { operation: two }, 'downloading withdrawn#'],
    [at({ kind: 'awaiting-install', job: held }), {}, 'idle withdrawn#2 abandon'],
    [busy({ kind: 'accepted', job: order }), {}, 'idle withdrawn#2 abandon'],
    [busy({ kind: 'accepted', job: order }), { lease: 4 }, 'accepted'],
    [busy({ kind: 'accepted', job: order }), { operation: two }, 'accepted withdrawn#'],
    [acting, {}, 'acting'],
    [restarting, {}, 'restarting'],
    [at({ kind: 'installing', job }), {}, 'installing'],
    [at({ kind: 'rebooting', job }), {}, 'rebooting'],
    [at({ kind: 'confirming', job }), {}, 'confirming'],
    [at({ kind: 'rolling-back', job, failure }), {}, 'rolling-back'],
    [idle, {}, 'idle withdrawn#'],
    [finished({ kind: 'code', code: 'UPD4_FAIL_40' }), {}, 'idle UPD4_FAIL_40#2'],
    [finished({ kind: 'hello' }), {}, 'idle say-hello'],
  ] as const)
    t.equal(word(withdrawn(memory, { operation: one, lease: 5, reason: '', ...change })), expected)
})

t.test('a withdrawn offer that comes again is answered with its withdrawal', async t => {
  const gone = withdrawn(at({ kind: 'verifying', job }), { operation: one, lease: 6, reason: 'stopped' })
  t.match(gone.events, [{ data: { reason: 'stopped' } }])
  t.equal(word(offered(gone.memory, offer, unasked)), 'idle', 'the lease of the withdrawal counts')
  t.equal(word(offered(gone.memory, { ...offer, lease: 6 }, unasked)), 'idle withdrawn#2')
})
