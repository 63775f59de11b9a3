import fc from 'fast-check'
import t from 'tap'
import { jsonPatched, mergePatched, PatchError, patchOperationsMax } from '../../../agent/core/json-patch.ts'
import type { JsonValue } from '../../../proto/json.ts'

const json = (text: string): JsonValue => JSON.parse(text)
function reasonOf(run: () => unknown): string {
  try {
    run()
    return 'applied'
  } catch (error) {
    if (error instanceof PatchError) return error.reason
    throw error
  }
}

t.test('the test cases of RFC 7396, appendix A', async t => {
  for (const [target, patch, result] of [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ] as const)
    t.strictSame(mergePatched(json(target), json(patch)), json(result), `${target} ${patch}`)
})

t.test('the examples of RFC 6902, appendix A', async t => {
  for (const [document, patch, result] of [
    ['{"foo":"bar"}', '[{"op":"add","path":"/baz","value":"qux"}]', '{"baz":"qux","foo":"bar"}'],
    ['{"foo":["bar","baz"]}', '[{"op":"add","path":"/foo/1","value":"qux"}]', '{"foo":["bar","qux","baz"]}'],
    ['{"baz":"qux","foo":"bar"}', '[{"op":"remove","path":"/baz"}]', '{"foo":"bar"}'],
    ['{"foo":["bar","qux","baz"]}', '[{"op":"remove","path":"/foo/1"}]', '{"foo":["bar","baz"]}'],
    ['{"baz":"qux","foo":"bar"}', '[{"op":"replace","path":"/baz","value":"boo"}]', '{"baz":"boo","foo":"bar"}'],
    [
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      '{"foo":["all","grass","cows","eat"]}',
      '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
      '{"foo":["all","cows","eat","grass"]}',
    ],
    [
      '{"baz":"qux","foo":["a",2,"c"]}',
      '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
      '{"baz":"qux","foo":["a",2,"c"]}',
    ],
    ['{"baz":"qux"}', '[{"op":"test","path":"/baz","value":"bar"}]', 'test-failed'],
    ['{"foo":"bar"}', '[{"op":"add","path":"/child","value":{"a":{}}}]', '{"foo":"bar","child":{"a":{}}}'],
    ['{"foo":"bar"}', '[{"op":"add","path":"/baz","value":"qux","xyz":123}]', '{"foo":"bar","baz":"qux"}'],
    ['{"foo":"bar"}', '[{"op":"add","path":"/baz/bat","value":"qux"}]', 'no-such-place'],
    ['{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":10}]', '{"/":9,"~1":10}'],
    ['{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":"10"}]', 'test-failed'],
    ['{"foo":["bar"]}', '[{"op":"add","path":"/foo/-","value":["abc","def"]}]', '{"foo":["bar",["abc","def"]]}'],
  ] as const) {
    const run = (): JsonValue => jsonPatched(json(document), json(patch))
    if (/^[[{]/.test(result)) t.strictSame(run(), json(result), patch)
    else t.equal(reasonOf(run), result, patch)
  }
})

t.test('the rest of what a patch may and may not say', async t => {
  const document = json('{"a":{"b":[1,2]},"n":null,"__proto__":{"x":1}}')
  for (const [patch, result] of [
    ['[]', '{"a":{"b":[1,2]},"n":null,"__proto__":{"x":1}}'],
    ['[{"op":"replace","path":"","value":[]}]', '[]'],
    ['[{"op":"add","path":"","value":7}]', '7'],
    ['[{"op":"copy","from":"/a/b","path":"/c"}]', '{"a":{"b":[1,2]},"n":null,"__proto__":{"x":1},"c":[1,2]}'],
    ['[{"op":"move","from":"/a","path":"/a"}]', '{"n":null,"__proto__":{"x":1},"a":{"b":[1,2]}}'],
    ['[{"op":"move","from":"","path":""}]', '{"a":{"b":[1,2]},"n":null,"__proto__":{"x":1}}'],
    ['[{"op":"test","path":"/n","value":null}]', '{"a":{"b":[1,2]},"n":null,"__proto__":{"x":1}}'],
    ['[{"op":"add","path":"/__proto__/y","value":2}]', '{"a":{"b":[1,2]},"n":null,"__proto__":{"x":1,"y":2}}'],
    ['[{"op":"remove","path":"/__proto__"}]', '{"a":{"b":[1,2]},"n":null}'],
    ['[{"op":"add","path":"/constructor/prototype/y","value":2}]', 'no-such-place'],
    ['[{"op":"test","path":"/toString","value":null}]', 'no-such-place'],
    ['{}', 'malformed'],
    ['[7]', 'malformed'],
    ['[{"op":"add","path":"/x"}]', 'malformed'],
    ['[{"op":"add","path":"x","value":1}]', 'malformed'],
    ['[{"op":"add","path":"/~2","value":1}]', 'malformed'],
    ['[{"op":"add","path":"/a~","value":1}]', 'malformed'],
    ['[{"op":"add","value":1}]', 'malformed'],
    ['[{"op":"ADD","path":"/x","value":1}]', 'malformed'],
    ['[{"op":"remove","path":""}]', 'malformed'],
    ['[{"op":"copy","path":"/x"}]', 'malformed'],
    ['[{"op":"move","from":"/a","path":"/a/b"}]', 'malformed'],
    ['[{"op":"remove","path":"/x"}]', 'no-such-place'],
    ['[{"op":"replace","path":"/x","value":1}]', 'no-such-place'],
    ['[{"op":"replace","path":"/a/b/2","value":1}]', 'no-such-place'],
    ['[{"op":"add","path":"/a/b/3","value":1}]', 'no-such-place'],
    ['[{"op":"add","path":"/a/b/01","value":1}]', 'no-such-place'],
    ['[{"op":"add","path":"/a/b/1e0","value":1}]', 'no-such-place'],
    ['[{"op":"remove","path":"/a/b/-"}]', 'no-such-place'],
    ['[{"op":"add","path":"/n/x","value":1}]', 'no-such-place'],
  ] as const) {
    const run = (): JsonValue => jsonPatched(document, json(patch))
    if (/^[[{7]/.test(result)) t.equal(JSON.stringify(run()), JSON.stringify(json(result)), patch)
    else t.equal(reasonOf(run), result, patch)
  }
  t.equal(JSON.stringify(document), '{"a":{"b":[1,2]},"n":null,"__proto__":{"x":1}}', 'the document stays as it was')
  t.equal(({} as Record<string, unknown>).y, undefined)
})

t.test('a merge patch reaches no prototype', async t => {
  const merged = mergePatched({}, json('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}'))
  t.equal(({} as Record<string, unknown>).admin, undefined)
  t.equal(JSON.stringify(merged), '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}')
})

t.test('what would never end, or would fill the memory, is refused', async t => {
  const copies = Array.from({ length: 200 }, () => ({ op: 'copy', from: '', path: '/-' }))
  t.equal(
    reasonOf(() => jsonPatched([1], copies)),
    'too-large',
    'doubled with every operation',
  )
  const many = Array.from({ length: patchOperationsMax + 1 }, () => ({ op: 'test', path: '', value: 1 }))
  t.equal(
    reasonOf(() => jsonPatched(1, many)),
    'malformed',
  )
  t.equal(
    reasonOf(() => jsonPatched(1, many.slice(1))),
    'applied',
  )
  t.equal(
    reasonOf(() => jsonPatched(1, [{ op: 'add', path: '/a'.repeat(200), value: 1 }])),
    'too-deep',
  )
  const deep = json(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`)
  t.equal(
    reasonOf(() => mergePatched({}, deep)),
    'too-deep',
  )
})

t.test('for any document and any patch: a value of JSON, or a named refusal', async t => {
  const path = fc.array(fc.constantFrom('a', 'b', '0', '1', '-', '__proto__', 'length'), { maxLength: 3 })
  const pointer = path.map(tokens => tokens.map(token => `/${token}`).join(''))
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: pointer,
      from: pointer,
      value: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: ['op', 'path'] },
  )
  const document = fc.letrec<{ tree: JsonValue }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<JsonValue>(1, 'x', null, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('tree'), { maxKeys: 3 }),
    ),
  })).tree
  let applied = 0
  fc.assert(
    fc.property(document, fc.array(operation, { maxLength: 5 }), (target, patch) => {
      const before = JSON.stringify(target)
      if (reasonOf(() => JSON.stringify(jsonPatched(target, patch as unknown as JsonValue))) === 'applied') applied += 1
      if (JSON.stringify(target) !== before) throw new Error('the document was changed')
    }),
    { numRuns: 3000 },
  )
  t.ok(applied > 100, `${applied} were applied`)
})
