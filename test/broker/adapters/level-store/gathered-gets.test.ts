import t from 'tap'
import { GatheredGets } from '../../../../broker/adapters/level-store/gathered-gets.ts'

t.test('what is asked for in the same breath is one read, answered in its order', async t => {
  const reads: (readonly string[])[] = []
  const gets = new GatheredGets(async keys => {
    reads.push(keys)
    return keys.map(key => (key === 'absent' ? undefined : `value of ${key}`))
  })
  t.strictSame(await Promise.all(['b', 'absent', 'a', 'b'].map(key => gets.get(key))), [
    'value of b',
    undefined,
    'value of a',
    'value of b',
  ])
  t.equal(await gets.get('later'), 'value of later')
  t.strictSame(reads, [['b', 'absent', 'a', 'b'], ['later']])
})

t.test('what is asked for while a read is under way is not answered from it', async t => {
  let release: () => void = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  let written = 'old'
  const gets = new GatheredGets(async keys => {
    const values = keys.map(() => written)
    if (written === 'old') await held
    return values
  })
  const before = gets.get('key')
  await new Promise(resolve => setImmediate(resolve))
  written = 'new'
  t.equal(await gets.get('key'), 'new')
  release()
  t.equal(await before, 'old')
})

t.test('a failed read fails for all who asked, and the next one goes on', async t => {
  let failing = true
  const gets = new GatheredGets(async keys => {
    if (failing) throw new Error('no disk')
    return keys.map(() => 'there')
  })
  const asked = [gets.get('a'), gets.get('b')]
  for (const one of asked) await t.rejects(one, { message: 'no disk' })
  failing = false
  t.equal(await gets.get('a'), 'there')
})
