import t from 'tap'
import { type CommandInput, resumeCommand, stepCommand } from '../../../agent/core/command.ts'
import { type AgentMemory, type CommandJob, type CommandState, emptyMemory } from '../../../agent/core/memory.ts'
import type { Outcome } from '../../../agent/core/words.ts'
import { operationId } from '../../../proto/ids.ts'

const job: CommandJob = {
  operation: operationId('00000000000000000000000001'),
  attempt: 2,
  operationType: 'command',
  envelope: 'AAAA',
  envelopeSha256: 'ee',
}
const states: readonly CommandState[] = [
  { kind: 'accepted', job },
  { kind: 'acting', job, plan: { to: 1 } },
  { kind: 'restarting', job, bootId: 'one' },
]
const at = (command: CommandState): AgentMemory => ({ ...emptyMemory, command })
const word = ({ memory, events, effects }: Outcome): string =>
  [
    memory.command?.kind ?? 'none',
    ...events.map(({ content, data }) =>
      [content.kind === 'code' ? content.code : content.step, data.reason].filter(Boolean).join(':'),
    ),
    ...effects.map(effect => ('repeated' in effect && effect.repeated ? `${effect.kind}-again` : effect.kind)),
  ].join(' ')

const inputs: readonly (readonly [CommandInput, accepted: string, acting: string, restarting: string])[] = [
  [{ kind: 'ready', plan: 7 }, 'acting act', '–', '–'],
  [{ kind: 'restart-wanted', bootId: 'one' }, 'restarting rebooting restart-device', '–', '–'],
  [{ kind: 'started', bootId: 'one' }, '–', '–', 'restarting restart-device'],
  [{ kind: 'started', bootId: 'two' }, '–', '–', 'none abandon say-hello'],
  [
    { kind: 'ended', outcome: { kind: 'done', data: { exit_code: '0' } } },
    'none done abandon',
    'none done abandon',
    'none done abandon',
  ],
  [
    { kind: 'ended', outcome: { kind: 'failed', reason: 'timeout' } },
    'none failed:timeout abandon',
    'none failed:timeout abandon',
    'none failed:timeout abandon',
  ],
  [
    { kind: 'ended', outcome: { kind: 'refused', failure: { code: 'UPD4_FAIL_37', data: { reason: 'exit-1' } } } },
    'none UPD4_FAIL_37:exit-1 abandon',
    'none UPD4_FAIL_37:exit-1 abandon',
    'none UPD4_FAIL_37:exit-1 abandon',
  ],
  [
    { kind: 'failed', failure: { code: 'UPD4_FAIL_35', data: {} } },
    'none UPD4_FAIL_35 abandon',
    'none UPD4_FAIL_35 abandon',
    'none UPD4_FAIL_35 abandon',
  ],
  [
    { kind: 'failed', failure: { code: 'UPD4_FAIL_41', data: { reason: 'boom' } } },
    'none failed:unforeseen abandon',
    'none failed:unforeseen abandon',
    'none failed:unforeseen abandon',
  ],
]

t.test('every state with every input; – is nothing at all', async t => {
  for (const [input, ...expected] of inputs)
    for (const [index, state] of states.entries()) {
      const memory = at(state)
      const outcome = stepCommand(memory, input)
      const nothing = outcome.memory === memory && outcome.events.length === 0 && outcome.effects.length === 0
      t.equal(nothing ? '–' : word(outcome), expected[index], `${state.kind} ${JSON.stringify(input)}`)
    }
  for (const [input] of inputs)
    t.strictSame(stepCommand(emptyMemory, input), { memory: emptyMemory, events: [], effects: [] }, input.kind)
})

t.test('the plan and the boot id are in the memory that is saved before anything is done', async t => {
  const ready = stepCommand(at({ kind: 'accepted', job }), { kind: 'ready', plan: { to: 1 } })
  t.strictSame(ready.memory.command, { kind: 'acting', job, plan: { to: 1 } })
  t.strictSame(ready.effects, [{ kind: 'act', job, plan: { to: 1 }, repeated: false }])
  const wanted = stepCommand(at({ kind: 'accepted', job }), { kind: 'restart-wanted', bootId: 'one' })
  t.strictSame(wanted.memory.command, { kind: 'restarting', job, bootId: 'one' })
  t.strictSame(wanted.effects, [{ kind: 'restart-device', job, asked: false }])
})

t.test(
  'after a start: looked at again, done again as a repetition, and a restart is never asked for twice',
  async t => {
    t.strictSame(
      states.map(state => resumeCommand(state)),
      [[{ kind: 'prepare', job }], [{ kind: 'act', job, plan: { to: 1 }, repeated: true }], []],
    )
    const same = stepCommand(at({ kind: 'restarting', job, bootId: 'one' }), { kind: 'started', bootId: 'one' })
    t.strictSame(same.effects, [{ kind: 'restart-device', job, asked: true }])
  },
)

t.test('the result is remembered with what was told, a restart with the hello', async t => {
  const done = stepCommand(at({ kind: 'acting', job, plan: null }), {
    kind: 'ended',
    outcome: { kind: 'done', data: { output: 'x' } },
  })
  t.match(done.memory.results, [
    { operation: job.operation, attempt: 2, outcome: { kind: 'step', step: 'done' }, data: { output: 'x' } },
  ])
  const restarted = stepCommand(at({ kind: 'restarting', job, bootId: 'one' }), { kind: 'started', bootId: 'two' })
  t.match(restarted.memory.results, [{ operation: job.operation, attempt: 2, outcome: { kind: 'hello' } }])
})

t.test('of old results the long texts are forgotten, and it is said that they were', async t => {
  let memory = emptyMemory
  const data = { diff: 'd'.repeat(6000), output: 'short', exit_code: '0' }
  for (let number = 1; number <= 6; number += 1) {
    const operation = operationId(String(number).padStart(26, '0'))
    const acting: AgentMemory = { ...memory, command: { kind: 'acting', job: { ...job, operation }, plan: null } }
    memory = stepCommand(acting, { kind: 'ended', outcome: { kind: 'done', data } }).memory
  }
  t.strictSame(
    memory.results.map(result => Object.keys(result.data).join()),
    [...Array(2).fill('diff_cut,output,exit_code'), ...Array(4).fill('diff,output,exit_code')],
  )
})
