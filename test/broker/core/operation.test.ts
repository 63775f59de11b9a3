// The operation machine as a table: every state × every input, and for inputs about an execution × every situation it can
// be in; and the invariants that hold for all of them. The table is read as text: operation-table.txt.
import { readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { isEnded, step } from '../../../broker/core/operation.ts'
import type { Decision } from '../../../broker/core/operation-facts.ts'
import type { Execution, Operation, OperationState } from '../../../broker/core/records.ts'
import { freePermits } from '../../../broker/core/rollout.ts'
import { recount } from './machine.ts'
import { at, everyCase, oldDevice, operationIn, sensor, situations } from './operation-cases.ts'

function told(operation: Operation, decision: Decision): string {
  const { executions, events, effects, audits } = decision
  const { state, sweep } = decision.operation
  const fields = (['closedAt', 'approvedBy', 'refusedBy', 'override', 'abortBase', 'policy', 'rollback'] as const)
    .filter(name => JSON.stringify(decision.operation[name]) !== JSON.stringify(operation[name]))
    .join(' ')
  const sweepNow =
    sweep === undefined ? 'none' : `${sweep.kind}${sweep.after === undefined ? '' : ` after ${sweep.after}`}`
  return (
    [
      state === operation.state ? '' : `operation ${state}`,
      JSON.stringify(sweep) === JSON.stringify(operation.sweep) ? '' : `sweep ${sweepNow}`,
      fields === '' ? '' : `with ${fields}`,
      ...executions.map(({ execution: one, previous }) => {
        const name = one.device === sensor ? 'execution' : one.device
        const same = previous?.state === one.state && previous.step === one.step && previous.code === one.code
        if (same) return one.unreachableNoted === true ? `${name} noted` : `${name} heard`
        const attempt =
          one.attempt > 1 || (one.attempt === 1 && previous?.attempt === 0) ? ` attempt ${one.attempt}` : ''
        const again = one.state === 'pending' && one.notBefore !== undefined ? ' again' : ''
        return `${name} ${one.state}${again}${one.step === undefined ? '' : ` ${one.step}`}${one.code === undefined ? '' : ` ${one.code}`}${attempt}${one.provisional ? ' provisional' : ''}`
      }),
      ...events.map(
        ({ device, code, type, data }) =>
          `log ${device === sensor ? '' : `${device} `}${code} ${type}${data.late === undefined ? '' : ' late'}`,
      ),
      ...effects.map(({ kind }) => kind),
      ...audits.map(({ actor, action }) => `audit ${action} by ${actor.kind === 'policy' ? actor.rule : actor.name}`),
    ]
      .filter(part => part !== '')
      .join('; ') || '–'
  )
}

/** Made once: every test below goes over all of them. */
const cases = [...everyCase()].map(each => ({ ...each, decision: step(each.operation, each.input) }))

const tableFile = 'test/broker/core/operation-table.txt'

t.test('every state × every input decides as the table says', async t => {
  // States that answer alike stand in one line.
  const groups = new Map<string, Map<string, OperationState[]>>()
  for (const { group, state, operation, decision } of cases) {
    const answers = groups.get(group) ?? new Map<string, OperationState[]>()
    groups.set(group, answers)
    const answer = told(operation, decision)
    answers.set(answer, [...(answers.get(answer) ?? []), state])
  }
  // An ended operation does nothing, whatever comes: its line stands only where that were not so.
  const rows = [...groups].map(([group, answers]) => {
    const lines = [...answers].flatMap(([answer, states]) => {
      const named = answer === '–' ? states.filter(state => state !== 'completed' && state !== 'stopped') : states
      return named.length === 0 ? [] : [{ named, answer }]
    })
    const [only] = lines
    if (only !== undefined && lines.length === 1) return `${group} → ${only.answer}`
    return [group, ...lines.map(({ named, answer }) => `    ${named.join(' ')} → ${answer}`)].join('\n')
  })
  const table = `${rows.join('\n')}\n`
  // DROVER_WRITE_TABLES=1 writes the table anew: read the difference before it is committed.
  if (process.env.DROVER_WRITE_TABLES === '1') writeFileSync(tableFile, table)
  t.equal(table, readFileSync(tableFile, 'utf8'), 'the table in operation-table.txt is that of the machine')
})

t.test('all sums are those of the executions after every decision', async t => {
  for (const { group, state, executions, decision } of cases) {
    const after = new Map(executions.map(one => [one.device, one]))
    for (const { execution: one } of decision.executions) after.set(one.device, one)
    const { counts, executed, retryingCount } = decision.operation
    const { wave: _, ...expected } = recount(decision.operation, after.values())
    if (!isDeepStrictEqual({ counts, executed, retryingCount }, expected))
      t.strictSame({ counts, executed, retryingCount }, expected, `${state} / ${group}`)
  }
  t.ok(cases.length > 5000, `${cases.length} cases`)
})

t.test('a decision that moves an execution logs it, and marks just that as a change of state', async t => {
  const silent = (code: string | undefined): boolean => code?.startsWith('UPD') === true
  for (const { group, state, decision } of cases) {
    for (const { execution: one, previous } of decision.executions) {
      const logged = decision.events.filter(event => event.device === one.device && event.code !== 'SYS_108')
      const ended = one.state !== 'pending' && one.state !== 'in-progress'
      const known = silent(one.code) && previous?.lastFailure?.code === one.code
      if (ended && one.code !== previous?.code && !known && !logged.some(({ code }) => code === one.code))
        t.fail(`${state} / ${group}: ended with ${one.code} without a word in the log`)
      for (const event of logged)
        if (event.stateChange && previous !== undefined && previous.state === one.state)
          t.fail(`${state} / ${group}: ${event.code} claims a change of state`)
    }
    if (decision.executions.length === 0 && decision.events.some(({ stateChange }) => stateChange))
      t.fail(`${state} / ${group}: a change of state that is none`)
  }
  t.pass('all cases')
})

t.test('an ended operation is frozen: no count, state or execution changes, nothing is sent', async t => {
  for (const { group, state, operation, decision } of cases) {
    if (!isEnded(operation)) continue
    const { executions, effects, audits, operation: after } = decision
    if (executions.length + effects.length + audits.length > 0 || after !== operation) t.fail(`${state} / ${group}`)
  }
  t.pass('all cases')
})

t.test('a first offer leaves only an operation that is pending or running and has a permit', async t => {
  let offers = 0
  for (const { group, state, input, decision } of cases) {
    const { effects } = decision
    if (input.kind !== 'device-ready') continue
    if (effects.length > 0 && state !== 'pending' && state !== 'running') t.fail(`${state} / ${group}`)
    offers += effects.length
  }
  t.ok(offers > 0)
  const { pending } = situations as { pending: Execution }
  const running = operationIn('running', [pending])
  const held: Readonly<Record<string, Operation>> = {
    full: { ...running, counts: { ...running.counts, inProgress: 2 } },
    'timed out': { ...running, sweep: { kind: 'time-out-pending' } },
    ending: { ...running, sweep: { kind: 'end-pending' } },
    closed: { ...running, closedAt: 1500 },
  }
  for (const [name, operation] of Object.entries(held)) {
    t.equal(freePermits(operation), 0, name)
    const { effects, executions } = step(operation, { kind: 'device-ready', at, execution: pending, device: oldDevice })
    t.strictSame([effects, executions], [[], []], name)
  }
})
