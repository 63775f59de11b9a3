// drover events list with a filter, over pages on which there is nothing.
import t from 'tap'
import { eventIdOf } from '../../../proto/ids.ts'
import { eventView } from '../fake-use-cases.ts'
import { openDoor } from '../http-fixture.ts'
import { at, drover } from './run.ts'

t.test('a filter goes to the broker as it is, and empty pages are walked over', async t => {
  const door = await openDoor(t)
  const asked: unknown[] = []
  /** Two events, each behind two empty pages. */
  door.useCases.listEvents = async (_by, request) => {
    asked.push(request)
    const next = Number.parseInt(request.after ?? '0', 16) + 1
    const page = { object: 'list' as const, limit: 50, after: request.after ?? null, order: 'DESC' as const }
    const data = next % 3 === 0 ? [eventView(next)] : []
    return { ...page, data, has_more: next < 7, ...(next < 7 ? { next: eventIdOf(next) } : {}) }
  }
  const filter = 'event_type__in=SYS_106,SYS_112&description__neq=100%25 %26 more'
  const found = await drover(['events', 'list', '--filter', filter, '--json'], at(door))
  t.equal(found.code, 0, found.stderr)
  t.same(
    found.lines.map(({ id }) => id),
    [eventIdOf(3), eventIdOf(6)],
  )
  t.match(asked, Array(7).fill({ filter, order: 'DESC' }))
  t.equal(asked.length, 7)
})
