// What others can make the broker say has an end, and what was left out is told.
import t from 'tap'
import { boundedLog } from '../../broker/bounded-log.ts'
import type { Log, LogFields } from '../../broker/ports.ts'

function scene() {
  const lines: (LogFields & { readonly level: string })[] = []
  const at = (level: string) => (fields: LogFields) => void lines.push({ level, ...fields })
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const clock = { ms: 0, monotonic: () => clock.ms }
  return { lines, clock, log: boundedLog(log, clock, { perSecond: 2, burst: 3 }) }
}

t.test(
  'refusals have a number of lines each second, by word and reason, and the next line tells how many were left out',
  t => {
    const { lines, clock, log } = scene()
    for (let turn = 0; turn < 10; turn += 1) log.warn({ event: 'connect-refused', turn }, 'no')
    t.same(
      lines.map(({ turn }) => turn),
      [0, 1, 2],
    )
    log.info({ event: 'client-error' }, 'another word has lines of its own')
    t.equal(lines.length, 4)
    log.warn({ event: 'connect-refused', reason: 'unavailable' }, 'and so has another reason')
    t.equal(lines.length, 5)
    clock.ms = 500
    log.warn({ event: 'connect-refused', turn: 10 }, 'no')
    log.warn({ event: 'connect-refused', turn: 11 }, 'no')
    t.match(lines.at(-1), { level: 'warn', event: 'connect-refused', turn: 10, leftOut: 7 })
    clock.ms = 5000
    log.warn({ event: 'connect-refused', turn: 12 }, 'no')
    t.match(lines.at(-1), { turn: 12, leftOut: 1 })
    log.warn({ event: 'connect-refused', turn: 13 }, 'no')
    t.notOk('leftOut' in (lines.at(-1) ?? {}), 'once')
    t.end()
  },
)

t.test('what nobody outside decides is written whenever it is said', t => {
  const { lines, log } = scene()
  for (let turn = 0; turn < 100; turn += 1) log.error({ event: 'persistence-failed', turn }, 'told')
  t.equal(lines.length, 100)
  t.end()
})
