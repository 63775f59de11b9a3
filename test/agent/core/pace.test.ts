import t from 'tap'
import { Pace } from '../../../agent/core/pace.ts'

const settings = { minimumBytesPerSecond: 1000, slowLimitMs: 10_000 }

t.test('too slow is what was too slow for the whole of the limit', async t => {
  const pace = new Pace(settings)
  t.equal(pace.look(0, true), undefined)
  pace.came(9_000)
  t.equal(pace.look(9_999, true), undefined, 'not yet')
  t.equal(pace.look(10_000, true), 900)
})

t.test('fast enough begins anew', async t => {
  const pace = new Pace(settings)
  pace.look(0, true)
  pace.came(10_000)
  t.equal(pace.look(10_000, true), undefined, 'exactly the minimum')
  t.equal(pace.look(19_999, true), undefined)
  t.equal(pace.look(20_000, true), 0, 'nothing since')
})

t.test('only time in which something is awaited counts', async t => {
  const pace = new Pace(settings)
  pace.look(0, true)
  t.equal(pace.look(6_000, false), undefined)
  t.equal(pace.look(900_000, true), undefined, 'the line was down, or the server busy')
  t.equal(pace.look(903_999, true), undefined)
  t.equal(pace.look(904_000, true), 0)
})

t.test('without a minimum nothing is too slow', async t => {
  const pace = new Pace({ minimumBytesPerSecond: 0, slowLimitMs: 1 })
  pace.look(0, true)
  t.equal(pace.look(1e9, true), undefined)
})
