import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { type AgentMemory, emptyMemory, type Job, type UpdateState } from '../../../agent/core/memory.ts'
import { judgeSlots, resume, step } from '../../../agent/core/update.ts'
import type { Found, Outcome, UpdateInput } from '../../../agent/core/words.ts'
import { operationId } from '../../../proto/ids.ts'

const job: Job = {
  operation: operationId('00000000000000000000000001'),
  attempt: 1,
  envelope: 'AAAA',
  envelopeSha256: 'ee'.repeat(32),
  component: 'main',
  version: '2.0.0',
  digest: 'dd'.repeat(32),
  releaseCounter: 7,
  reboot: true,
}
const stay: Job = { ...job, reboot: false }
const held: Job = { ...job, hold: true }
const patch: Job = { ...job, format: 'delta-zstd' }
const parcel: Job = { ...job, format: 'combined' }
const failure = { code: 'UPD4_FAIL_35', data: { errno: 'ENOSPC' } } as const
const unhealthy = { code: 'UPD4_FAIL_40', data: { reason: 'exit-1' } } as const

const states: readonly UpdateState[] = [
  { kind: 'idle' },
  { kind: 'accepting', job },
  { kind: 'downloading', job, elapsedMs: 10 },
  { kind: 'verifying', job },
  { kind: 'verifying', job: held },
  { kind: 'verifying', job: patch },
  { kind: 'verifying', job: parcel },
  { kind: 'awaiting-install', job: held },
  { kind: 'installing', job },
  { kind: 'installing', job: stay },
  { kind: 'rebooting', job },
  { kind: 'confirming', job },
  { kind: 'confirming', job: stay },
  { kind: 'rolling-back', job, failure: unhealthy },
  { kind: 'rolling-back', job: stay, failure: unhealthy },
]
const founds: readonly Found[] = [
  { kind: 'untouched' },
  { kind: 'trial-pending' },
  { kind: 'trial-running' },
  { kind: 'committed' },
  { kind: 'fell-back', reason: 'watchdog' },
]
const enough = { neededBytes: 100, availableBytes: 100 }
const short = { neededBytes: 101, availableBytes: 100 }
const inputs: readonly UpdateInput[] = [
  { kind: 'validated' },
  { kind: 'download-authorized' },
  { kind: 'deferred', reason: 'window' },
  { kind: 'storage-checked', memory: enough, storage: enough },
  { kind: 'storage-checked', memory: enough, storage: short },
  { kind: 'storage-checked', memory: short, storage: short },
  { kind: 'time-passed', elapsedMs: 90, limitMs: 100 },
  { kind: 'time-passed', elapsedMs: 91, limitMs: 100 },
  { kind: 'downloaded', transfer: { heldBytes: 30, receivedBytes: 20, wireBytes: 10 } },
  { kind: 'verified', digest: job.digest },
  { kind: 'verified', digest: '00'.repeat(32) },
  { kind: 'unpacked' },
  { kind: 'install-authorized' },
  { kind: 'installed' },
  ...founds.map(found => ({ kind: 'inspected', found }) as const),
  { kind: 'restart-refused', reason: 'exit-1' },
  { kind: 'confirmed' },
  { kind: 'found-unhealthy', reason: 'exit-1' },
  { kind: 'committed' },
  { kind: 'rolled-back', restartNeeded: true },
  { kind: 'rolled-back', restartNeeded: false },
  { kind: 'failed', failure },
]

const memoryAt = (state: UpdateState): AgentMemory => ({ ...emptyMemory, state })

t.test('every state with every input does what the table in update-table.txt says', async t => {
  const actual = printed()
  const path = 'test/agent/core/update-table.txt'
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, actual)
  t.equal(actual, readFileSync(path, 'utf8'), 'TAP_SNAPSHOT=1 writes the table anew: read the difference first')
})

t.test('an input that is not awaited changes nothing: the memory is the same object', async t => {
  for (const input of inputs) t.equal(step(memoryAt({ kind: 'idle' }), input).memory.state.kind, 'idle')
  const memory = memoryAt({ kind: 'rebooting', job })
  for (const input of inputs.filter(({ kind }) => !['inspected', 'failed', 'restart-refused'].includes(kind)))
    t.strictSame(step(memory, input), { memory, events: [], effects: [] })
})

t.test('every state resumes with one wish about its job, and idle with none', async t => {
  for (const state of states) {
    const effects = resume(state)
    if (state.kind === 'idle') t.strictSame(effects, [])
    else {
      const early = ['accepting', 'downloading', 'verifying', 'awaiting-install'].includes(state.kind)
      t.strictSame(effects, [{ kind: early ? 'validate' : 'inspect', job: state.job }])
    }
  }
})

t.test('every failure from installing on is told only after the slot was taken back', async t => {
  for (const kind of ['installing', 'confirming'] as const)
    for (const at of [job, stay]) {
      const failed = step(memoryAt({ kind, job: at }), { kind: 'failed', failure })
      t.equal(failed.memory.state.kind, 'rolling-back')
      t.strictSame(failed.events, [])
      const told = step(failed.memory, { kind: 'rolled-back', restartNeeded: false })
      t.strictSame(told.memory.state, { kind: 'idle' })
      t.equal(told.events.length, 1)
    }
})

t.test('a release mark rises with success only and never falls', async t => {
  const before: AgentMemory = {
    ...memoryAt({ kind: 'confirming', job }),
    releaseMarks: { main: { counter: 9, digest: 'aa' }, other: { counter: 1, digest: 'bb' } },
  }
  t.equal(step(before, { kind: 'committed' }).memory.releaseMarks.main?.counter, 9)
  const risen = step({ ...before, releaseMarks: {} }, { kind: 'committed' }).memory
  t.strictSame(risen.releaseMarks, { main: { counter: 7, digest: job.digest } })
  const failed = step({ ...before, releaseMarks: {} }, { kind: 'inspected', found: { kind: 'untouched' } }).memory
  t.strictSame(failed.releaseMarks, {})
})

t.test('the last 64 results are remembered', async t => {
  let memory = emptyMemory
  for (let count = 1; count <= 70; count += 1) {
    const operation = operationId(String(count).padStart(26, '0'))
    memory = step(
      { ...memory, state: { kind: 'verifying', job: { ...job, operation } } },
      { kind: 'failed', failure },
    ).memory
  }
  t.equal(memory.results.length, 64)
  t.equal(memory.results.at(-1)?.operation, '00000000000000000000000070')
  t.equal(memory.results[0]?.operation, '00000000000000000000000007')
})

t.test('what the slot record means for a job', async t => {
  const old = { slot: 'a', version: '1.0.0', digest: 'old' }
  const target = { slot: 'b', version: '2.0.0', digest: job.digest }
  const other = { slot: 'b', version: '1.5.0', digest: 'other' }
  const fallback = { reason: 'watchdog' }
  const nothing = { running: 'a', active: old, trial: undefined, fallback: undefined }
  for (const [slots, found] of [
    [nothing, 'untouched'],
    [{ ...nothing, trial: target }, 'trial-pending'],
    [{ ...nothing, trial: target, running: 'b' }, 'trial-running'],
    [{ ...nothing, trial: other, running: 'b' }, 'untouched'],
    [{ ...nothing, active: target, running: 'b' }, 'committed'],
    [{ ...nothing, active: target, running: 'b', fallback }, 'committed'],
    [{ ...nothing, fallback }, 'fell-back'],
    [{ ...nothing, active: { ...target, version: '1.0.0' } }, 'untouched'],
  ] as const)
    t.equal(judgeSlots(slots, job).kind, found, JSON.stringify(slots))
  t.equal(judgeSlots({ ...nothing, active: target, running: 'b' }, stay).kind, 'trial-running', 'switched at once')
})

function printed(): string {
  const lines: string[] = []
  for (const state of states) {
    lines.push(
      named(state),
      `  resume → ${
        resume(state)
          .map(effect => effect.kind)
          .join(', ') || 'nothing'
      }`,
    )
    for (const input of inputs) {
      const memory = memoryAt(state)
      const outcome = step(memory, input)
      const nothing = outcome.memory === memory && outcome.events.length === 0 && outcome.effects.length === 0
      lines.push(`  ${named(input)} → ${nothing ? '–' : shown(outcome)}`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

function named(value: UpdateState | UpdateInput): string {
  if ('job' in value) return `${value.kind}${value.job.reboot ? '' : ' (no reboot)'}${value.job.hold ? ' (hold)' : ''}`
  const { kind, ...rest } = value
  return Object.keys(rest).length === 0 ? kind : `${kind} ${JSON.stringify(rest).replace(/([0-9a-f]{2})\1{31}/, '$1…')}`
}

function shown({ memory, events, effects }: Outcome): string {
  const told = events.map(({ content, data }) => {
    const word = content.kind === 'code' ? content.code : content.step
    return content.kind === 'code' ? `${word} ${JSON.stringify(data).replace(/([0-9a-f]{2})\1{31}/g, '$1…')}` : word
  })
  const wishes = effects.map(effect => ('reason' in effect ? `${effect.kind} (${effect.reason})` : effect.kind))
  const marked = Object.keys(memory.releaseMarks).length > 0 ? ' | mark' : ''
  return `${memory.state.kind} | tell: ${told.join(', ') || '–'} | do: ${wishes.join(', ') || '–'}${marked}`
}
