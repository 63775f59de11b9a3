// What every signed statement is judged by; the statements' own tests go through all their fields.
import t from 'tap'
import { unexpired, verdictOf } from '../../proto/statement.ts'

t.test('a statement is good until the moment it names, and a reader without a clock does not ask', async t => {
  const at = (now: number | undefined) =>
    verdictOf(() => ({ expiresAt: unexpired(1000, now === undefined ? {} : { now }) }))
  t.strictSame(at(999), { ok: true, expiresAt: 1000 })
  t.match(at(1000), { ok: false, failure: { code: 'UPD4_FAIL_23', data: { expected: '1000', actual: '1000' } } })
  t.strictSame(at(undefined), { ok: true, expiresAt: 1000 })
})

t.test('only what was refused is a verdict: a mistake of ours goes on', async t => {
  t.throws(
    () =>
      verdictOf(() => {
        throw new TypeError('ours')
      }),
    { message: 'ours' },
  )
})
