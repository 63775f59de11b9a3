// Tables on screens of any width, in pipes, with and without colour.
import t from 'tap'
import { drawTable } from '../../../operator/cli/table.ts'
import { deviceView, operationView } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill, spawned, start } from './run.ts'

interface Row {
  readonly id: string
  readonly note: string
  readonly at: string
}
const columns = [
  { head: 'id', of: ({ id }: Row) => id },
  { head: 'note', rank: 1, text: true, of: ({ note }: Row) => note },
  { head: 'at', rank: 2, of: ({ at }: Row) => at },
]
const rows: readonly Row[] = [
  { id: 'a'.repeat(26), note: 'a sentence that is long enough to be cut', at: '2030-01-02 03:04:05Z' },
  { id: 'b'.repeat(26), note: '気温が高すぎます気温が高すぎます', at: '–' },
]
const clean = (text: string): string => text

/** As a terminal counts: a Chinese or Japanese letter takes two places. */
function placesOf(line: string): number {
  return [...line].reduce((sum, letter) => sum + (/[\u3000-\u9fff]/.test(letter) ? 2 : 1), 0)
}

t.test('a table is as wide as the screen: texts are cut, then columns go, ids stay whole', async t => {
  const whole = drawTable(columns, rows, clean)
  t.match(whole, { left: [] })
  t.match(whole.text, /to be cut/)
  const full = Math.max(...whole.text.split('\n').map(placesOf))
  for (let width = 26; width <= full + 2; width += 1) {
    const { text, left } = drawTable(columns, rows, clean, width)
    const lines = text.split('\n')
    t.equal(lines.length, 3, 'nothing is wrapped')
    for (const line of lines) t.ok(placesOf(line) <= width, `${width}: ${line}`)
    for (const { id } of rows) t.match(text, id)
    if (width < full) t.ok(text.includes('…') || left.length > 0)
    if (left.length > 0) t.equal(left.at(-1), 'at', 'the highest rank goes first')
  }
  t.same(drawTable(columns, rows, clean, 60).left, ['at'])
  t.same(drawTable(columns, rows, clean, 40).left, ['note', 'at'])
  t.match(drawTable(columns, rows, clean, 5).text, rows[0]?.id, 'rather too wide than without what it is about')
  t.same(drawTable(columns, rows, clean, full), whole)
})

t.test('lists fit the terminal, and say what has no room; a pipe gets all of it', async t => {
  const door = await openDoor(t)
  fill(door)
  door.useCases.operations.set(operation, operationView(operation, { name: 'the long name of an update '.repeat(4) }))
  const lines = ['operation list', `operation executions ${operation}`, 'devices list', 'events list']
  for (const line of lines)
    for (const columns of [80, 100, 200]) {
      let stdout = ''
      let stderr = ''
      const screen = { isTTY: true, columns, write: (text: string | Uint8Array) => (stdout += String(text)) }
      const hints = { write: (text: string | Uint8Array) => (stderr += String(text)) }
      const env = { ...at(door), NO_COLOR: '1' }
      const { code } = await drover(line.split(' '), env, undefined, { stdout: screen, stderr: hints })
      t.equal(code, 0)
      for (const row of stdout.trimEnd().split('\n')) t.ok(row.length <= columns, `${line} in ${columns}: ${row}`)
      if (columns === 80 && line === 'operation list') t.match(stderr, /^No room for: .*completed.*--json/)
      t.match(stdout, line.startsWith('operation list') ? operation : /sensor-1/)
    }
  const piped = await drover(['operation', 'list'], at(door))
  t.match(piped.stdout, 'the long name of an update '.repeat(4).trim())
  t.match(piped.stdout, /COMPLETED/)
  t.equal(piped.stderr, '')
})

t.test('colour is for terminals; NO_COLOR takes it away, FORCE_COLOR brings it', async t => {
  const door = await openDoor(t)
  fill(door)
  const terminal = { isTTY: true, columns: 120 }
  const cases: readonly (readonly [Readonly<Record<string, string>>, object, readonly string[], boolean])[] = [
    [{}, {}, [], false],
    [{}, terminal, [], true],
    [{ NO_COLOR: '1' }, terminal, [], false],
    [{ NO_COLOR: '' }, terminal, [], true],
    [{ TERM: 'dumb' }, terminal, [], false],
    [{ FORCE_COLOR: '1' }, {}, [], true],
    [{ FORCE_COLOR: '0' }, terminal, [], false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, terminal, [], false],
    [{ FORCE_COLOR: '1' }, terminal, ['--json'], false],
  ]
  for (const [env, kind, more, colorful] of cases) {
    let stdout = ''
    const screen = { ...kind, write: (text: string | Uint8Array) => (stdout += String(text)) }
    await drover(['devices', 'list', ...more], { ...at(door), ...env }, undefined, { stdout: screen })
    t.equal(stdout.includes('\u001b['), colorful, JSON.stringify([env, kind, more]))
  }
  t.notMatch((await spawned(['--help'])).stdout, '\u001b')
})

t.test('who stops reading ends it quietly with 0', async t => {
  const door = await openDoor(t)
  for (let number = 0; number < 3000; number += 1) {
    const id = `sensor-${String(number).padStart(5, '0')}`
    door.useCases.devices.set(id, deviceView(id))
  }
  for (const more of [['--json'], []]) {
    const { child, ended } = start(['devices', 'list', '--all', ...more], at(door))
    child.stdout.once('data', () => child.stdout.destroy())
    t.match(await ended, { code: 0, stderr: '' }, `devices list --all ${more.join(' ')} | head -1`)
  }
})
