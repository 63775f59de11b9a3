import fc from 'fast-check'
import t from 'tap'
import { diff, masked, printed } from '../../../agent/core/json-diff.ts'
import { jsonPatched, same } from '../../../agent/core/json-patch.ts'
import type { JsonValue } from '../../../proto/json.ts'

const json = (text: string): JsonValue => JSON.parse(text)

t.test('the difference of any two documents, applied to the first, is the second', async t => {
  const document = fc.letrec<{ tree: JsonValue }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<JsonValue>(1, 2, 'x', null),
      fc.array(tie('tree'), { maxLength: 5 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c/d', '~', '__proto__'), tie('tree'), { maxKeys: 4 }),
    ),
  })).tree
  fc.assert(
    fc.property(document, document, (before, after) => {
      const operations = diff(before, after)
      const result = jsonPatched(before, operations as unknown as JsonValue)
      if (!same(result, after)) throw new Error(`${JSON.stringify(operations)} gives ${JSON.stringify(result)}`)
      if (diff(after, after).length > 0) throw new Error('a difference to itself')
    }),
    { numRuns: 5000 },
  )
  t.pass('5,000 pairs')
})

t.test('only what changed is told', async t => {
  for (const [before, after, expected] of [
    ['{"a":1,"b":2}', '{"b":2,"a":1}', '[]'],
    ['{"a":1,"b":2}', '{"a":1,"c":3}', '[{"op":"remove","path":"/b"},{"op":"add","path":"/c","value":3}]'],
    ['[1,2,3,4]', '[1,9,3,4]', '[{"op":"replace","path":"/1","value":9}]'],
    ['[1,2,3,4]', '[1,4]', '[{"op":"remove","path":"/1"},{"op":"remove","path":"/1"}]'],
    ['[1,4]', '[1,2,3,4]', '[{"op":"add","path":"/1","value":2},{"op":"add","path":"/2","value":3}]'],
    ['{"a":[]}', '{"a":{}}', '[{"op":"replace","path":"/a","value":{}}]'],
    ['{"a/b":{"~":1}}', '{"a/b":{"~":2}}', '[{"op":"replace","path":"/a~1b/~0","value":2}]'],
    ['1', '2', '[{"op":"replace","path":"","value":2}]'],
  ] as const)
    t.equal(JSON.stringify(diff(json(before), json(after))), expected, `${before} ${after}`)
})

t.test('a large list costs no more than reading it', async t => {
  const before = Array.from({ length: 8000 }, (_, at) => at)
  const after = [7, ...before]
  t.strictSame(diff(before, after), [{ op: 'add', path: '/0', value: 7 }])
  t.equal(
    diff(
      before,
      before.map(value => value + 1),
    ).length,
    8000,
  )
})

t.test('secrets are masked wherever they stand, and that they changed stays visible', async t => {
  const shown = (before: string, after: string, named: readonly string[] = []): string =>
    JSON.stringify(masked(diff(json(before), json(after)), { named }))
  for (const name of ['password', 'wifiPasswd', 'SECRET', 'apiToken', 'privateKey', 'key', 'credentials']) {
    t.equal(shown(`{"${name}":"a"}`, `{"${name}":"hush"}`), `[{"op":"replace","path":"/${name}","value":"***"}]`)
    t.notMatch(shown('{}', `{"new":[{"${name}":{"deep":["hush"]}}]}`), /hush/, `added with ${name}`)
    t.notMatch(shown(`{"${name}":{"a":[1]}}`, `{"${name}":{"a":["hush"]}}`), /hush/, `below ${name}`)
    t.notMatch(shown('1', `{"${name}":"hush"}`), /hush/, 'with the whole document')
  }
  t.match(shown('{"pin":1}', '{"pin":4711}'), /4711/)
  t.notMatch(shown('{"pin":1}', '{"pin":4711}', ['PIN']), /4711/, 'a name of the settings, in any case')
  t.notMatch(shown('{"a":{"pin":1}}', '{"a":{"pin":4711}}', ['/a/pin']), /4711/, 'a pointer of the settings')
  t.notMatch(shown('{}', '{"a":{"pin":4711}}', ['/a/pin']), /4711/, 'and inside what was added')
  t.match(shown('{"b":{"pin":1}}', '{"b":{"pin":4711}}', ['/a/pin']), /4711/, 'and nowhere else')
  t.match(shown('{"a":{"pins":1}}', '{"a":{"pins":4711}}', ['/a/pin']), /4711/)
  t.equal(shown('{"password":"hush"}', '{}'), '[{"op":"remove","path":"/password"}]')
})

t.test('what is too long is cut between two operations, and it is said', async t => {
  const operations = diff({}, { a: 1, b: 'é'.repeat(20), c: 3 })
  const whole = JSON.stringify(operations)
  const bytes = Buffer.byteLength(whole)
  t.strictSame(printed(operations, bytes + 1), { text: whole, cut: false })
  const cut = printed(operations, bytes - 1)
  t.ok(cut.cut)
  t.strictSame(JSON.parse(cut.text), operations.slice(0, 2))
  t.strictSame(printed(operations, 10), { text: '[]', cut: true })
  t.strictSame(printed([], 10), { text: '[]', cut: false })
})
