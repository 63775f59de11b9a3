// The table of metrics: names that dashboards can rely on, bounded series, and the page of docs that explains them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process, { cwd } from 'node:process'
import t from 'tap'
import { Tally } from '../../broker/adapters/aedes/tally.ts'
import { LiveCounts } from '../../broker/live-counts.ts'
import { type BrokerFigures, brokerMetrics } from '../../broker/metrics.ts'
import { eventCodeNames } from '../../proto/event-codes.ts'

t.test('names end in unit and _total, help is a sentence, a label is one of few words', async t => {
  const labels = ['state', 'step', 'code', 'reason', 'party', 'status', 'verdict']
  const names = new Set<string>()
  for (const { name, help, kind, label } of brokerMetrics) {
    t.match(name, /^drover_[a-z]+(_[a-z]+)*$/, name)
    t.equal(name.endsWith('_total'), kind === 'counter', `${name}: counters, and only they, end in _total`)
    t.notMatch(name, /_(ms|milliseconds|kb|kib|mb)(_|$)/, `${name}: bytes and seconds, no parts of them`)
    if (/[Bb]ytes/.test(help) && !/budget/.test(name)) t.match(name, /_bytes(_|$)/, `${name}: ${help}`)
    t.match(help, /^[A-Z].*\.$/, `${name}: ${help}`)
    t.ok(label === undefined || labels.includes(label), `${name}: ${label}`)
    t.notOk(names.has(name), `${name} once`)
    names.add(name)
  }
})

t.test('docs/OPERATING.md explains each metric, and none that does not exist', async t => {
  const file = join(cwd(), 'docs/OPERATING.md')
  const text = readFileSync(file, 'utf8')
  const from = text.indexOf('### Metrics and alarms')
  const section = text.slice(from, text.indexOf('\n### ', from + 1))
  const head = '| metric | kind | is |\n|---|---|---|\n'
  const at = section.indexOf(head) + head.length
  const table = section.slice(at, at + section.slice(at).search(/^(?!\| `drover_)/m))
  const wanted = brokerMetrics.map(
    ({ name, label, kind, help }) =>
      `| \`${name}${label === undefined ? '' : `{${label}}`}\` | ${kind} | ${help.slice(0, -1)} |\n`,
  )
  if (process.env.DROVER_WRITE_TABLES === '1')
    writeFileSync(
      file,
      text.replace(`${head}${table}`, () => `${head}${wanted.join('')}`),
    )
  else t.strictSame(table.split('\n'), wanted.join('').split('\n'), 'DROVER_WRITE_TABLES=1 writes it anew')
  const known = new Set(brokerMetrics.map(({ name }) => name))
  const alarms = section.slice(at + table.length)
  const mentioned = [...alarms.matchAll(/\bdrover_[a-z_]+\b/g)].map(([name]) => name)
  t.ok(mentioned.length >= 10, `${mentioned.length} names in alarms`)
  for (const name of mentioned) t.ok(known.has(name), `${name} exists`)
  for (const [, word, name = ''] of alarms.matchAll(/\b(rate|increase)\((drover_[a-z_]+)/g))
    t.match(name, /_total$/, `${word} is for counters`)
})

t.test('whatever is counted, the number of series is bounded', async t => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`word-${index}`, 1]))
  const strange = { 'the socket holds 7 bytes': 2, 'sensor-1/x': 3, '': 1, busy: 4 }
  const closed = brokerMetrics.find(({ name }) => name === 'drover_mqtt_closed_total')
  const of = (reasons: Readonly<Record<string, number>>): unknown =>
    closed?.of({ mqtt: { closed: reasons } } as unknown as BrokerFigures)
  t.strictSame(of(strange), { other: 6, busy: 4 })
  const tally = new Tally()
  for (const heldBytes of [1, 2, 3]) tally.add(`the socket has taken nothing and holds ${heldBytes} bytes`)
  tally.add('stalled')
  t.strictSame(tally.counts(), { other: 3, stalled: 1 }, 'sentences are not kept one by one')
  const kept = of(many) as Record<string, number>
  t.equal(Object.keys(kept).length, 101)
  t.equal(
    Object.values(kept).reduce((sum, count) => sum + count, 0),
    5000,
    'nothing is lost',
  )
  // Codes are known words, and all of them fit.
  const events = brokerMetrics.find(({ name }) => name === 'drover_events_total')
  const codes = Object.fromEntries(eventCodeNames.map(code => [code, 1]))
  t.strictSame(events?.of({ live: { eventsTotal: codes } } as unknown as BrokerFigures), codes)
})

t.test('states and steps are there with 0 before anything has happened', async t => {
  const of = (name: string, figures: object): unknown =>
    brokerMetrics.find(row => row.name === name)?.of(figures as BrokerFigures)
  const census = { operations: { paused: 2 }, steps: { rebooting: 3 }, pending: 7 }
  t.match(of('drover_operations', { census }), { paused: 2, running: 0, 'awaiting-approval': 0 })
  t.match(of('drover_executions_in_progress', { census }), { rebooting: 3, downloading: 0, withdrawing: 0 })
  const counts = new LiveCounts()
  t.strictSame(of('drover_operations_ended_total', { live: counts.figures() }), { completed: 0, stopped: 0 })
})
