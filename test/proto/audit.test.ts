// The audit chain: canonical text, hashes, and a verifier that misses no tampering. DROVER_SEED repeats the tamperings.
import { createHash } from 'node:crypto'
import t from 'tap'
import {
  type AuditHead,
  type AuditLine,
  type AuditVerdict,
  AuditVerifier,
  auditFields,
  auditHash,
  auditLineBytesMax,
  auditText,
  canonicalJson,
  chained,
  chainedText,
  firstAuditHash,
} from '../../proto/audit.ts'
import { seed } from '../fixtures/cases.ts'
import { seeded } from '../fixtures/seeded.ts'

t.comment(`DROVER_SEED=${seed}`)

t.test('canonical JSON has one text for a value', async t => {
  const cases: readonly (readonly [unknown, string])[] = [
    [null, 'null'],
    [[], '[]'],
    [{}, '{}'],
    [{ b: 1, a: [true, false], ä: 0, Z: 0, a1: 0 }, '{"Z":0,"a":[true,false],"a1":0,"b":1,"ä":0}'],
    [{ '\ufb33': 1, '\ud83d\ude00': 2 }, '{"\ud83d\ude00":2,"\ufb33":1}'],
    [[1, -1, 0.1, 1e21, 1e-7, 1.5e300, -0, 333333333.3333333], '[1,-1,0.1,1e+21,1e-7,1.5e+300,0,333333333.3333333]'],
    ['\b\t\n\f\r"\\/\u0000\u001f\u007f€\u2028', '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\u007f€\u2028"'],
    ['\ud800', '"\\ud800"'],
    [JSON.parse('{"__proto__": 1, "constructor": 2}'), '{"__proto__":1,"constructor":2}'],
  ]
  for (const [value, text] of cases) {
    t.equal(canonicalJson(value), text)
    t.equal(canonicalJson(JSON.parse(text)), text, 'and the text comes back to itself')
  }
  let deep: unknown = 1
  for (let level = 0; level < 64; level++) deep = [deep]
  t.equal(canonicalJson(deep).length, 129)
  t.throws(() => canonicalJson([deep]), RangeError)
})

t.test('the hash is the one the text describes', async t => {
  const [first] = chainOf(1)
  if (first === undefined) throw new Error('a chain of one')
  const text = `{"action":"a","actor":{"kind":"principal","name":"p"},"at":1,"changes":[],"data":{"n":0},"number":1,"previous":"${firstAuditHash}","subject":"s0"}`
  const expected = createHash('sha256')
    .update(`drover-audit-v1\n${'0'.repeat(64)}\n${text}`)
    .digest('hex')
  t.equal(first.hash, expected)
  t.equal(auditHash(first), expected, 'with its hash or without')
  // From the page alone: printf, sha256sum.
  t.equal(expected, '4058cc4e452e8114f8284e488b7083c633b42414ef06eab896d31e6f76683cce', 'as sha256sum says')
})

t.test(
  'a text made in parts is that of the record, with its hash, wherever the number and the hashes stand in it',
  async t => {
    const base = {
      at: 5,
      actor: { kind: 'principal' as const, name: 'p' },
      action: 'a',
      subject: 's',
      changes: [],
      data: {},
    }
    const entries = [
      base,
      { ...base, operation: 'o', requestId: '\ud800"', changes: [{ op: 'add', path: '/ä', value: null }] },
      { ...base, data: JSON.parse('{"10": {"b": 1, "a": [1e21, "\\u0000"]}, "9": {}, "__proto__": {"z": 1, "2": 2}}') },
      JSON.parse(
        '{"at": 1, "zz": 1, "nz": 2, "__proto__": 3, "2": 4, "actor": {}, "action": "", "subject": "", "changes": [], "data": {}}',
      ),
    ]
    let head: AuditHead = { number: 41, hash: 'ab'.repeat(32) }
    for (const entry of entries) {
      const record = chained(entry, head)
      const made = chainedText(auditFields(entry), head)
      t.strictSame(made, { number: record.number, hash: record.hash, text: auditText(record) })
      head = made
    }
    const long = { ...base, subject: 'x'.repeat(auditLineBytesMax) }
    t.throws(() => auditFields(long), RangeError)
  },
)

t.test('a whole export is intact, from its beginning or from the middle, by lines or by bytes', async t => {
  const chain = chainOf(5)
  t.strictSame(verdictOf(linesOf(chain), headOf(chain)), { intact: true, first: 1, last: 5, hash: chain[4]?.hash })
  t.strictSame(verdictOf(linesOf(chain.slice(2)), headOf(chain)), {
    intact: true,
    first: 3,
    last: 5,
    hash: chain[4]?.hash,
  })
  t.strictSame(verdictOf(linesOf([])), { intact: true, first: 1, last: 0, hash: firstAuditHash })
  const bytes = bytesOf(linesOf(chain))
  for (const size of [1, 7, 64, bytes.length])
    t.match(verdictOfBytes(bytes, size), { intact: true, last: 5 }, `${size} at once`)
})

t.test('each thing that is wrong has its word, its record and its line', async t => {
  const chain = chainOf(5)
  const lines = linesOf(chain)
  const later = linesOf(chain.slice(2))
  const [first = '', second = '', third = '', fourth = '', fifth = '', head = ''] = lines
  const rehashed = auditText(rehash({ ...(chain[2] as AuditLine), subject: 'x' }))
  const tooLong = rehash({ ...(chain[0] as AuditLine), data: { text: 'x'.repeat(auditLineBytesMax) } })
  const headAt = (number: number, hash: string) => auditText({ head: { number, hash } })
  const cases: readonly (readonly [string, readonly string[], object])[] = [
    ['nothing', [], { problem: 'truncated', record: 1, line: 1 }],
    ['no last line', lines.slice(0, 5), { problem: 'truncated', record: 6, line: 6 }],
    ['a record missing', [first, third, fourth, fifth, head], { problem: 'number', record: 2, line: 2 }],
    ['a record twice', [first, second, second, third, fourth, fifth, head], { problem: 'number', record: 3, line: 3 }],
    ['two changed about', [first, third, second, fourth, fifth, head], { problem: 'number', record: 2, line: 2 }],
    ['the last missing', [first, second, third, fourth, head], { problem: 'before-head', record: 5, line: 5 }],
    [
      'the last line is early',
      [first, second, third, fourth, fifth, headAt(3, chain[2]?.hash ?? '')],
      { problem: 'after-head', record: 4, line: 6 },
    ],
    ['a line behind the last', [...lines, fifth], { problem: 'after-head', record: 6, line: 7 }],
    ['the last line twice', [...lines, head], { problem: 'after-head', record: 6, line: 7 }],
    ['an empty line at the end', [...lines, ''], { problem: 'unreadable', line: 7 }],
    [
      'another head',
      [first, second, third, fourth, fifth, headAt(5, 'ab'.repeat(32))],
      { problem: 'hash', record: 5, line: 6 },
    ],
    [
      'a word changed',
      [first, second.replace('"s1"', '"s9"'), third, fourth, fifth, head],
      { problem: 'hash', record: 2, line: 2 },
    ],
    [
      'a word changed and hashed again',
      [first, second, rehashed, fourth, fifth, head],
      { problem: 'previous', record: 4, line: 4 },
    ],
    [
      'other text for the same',
      [first, second.replace(':', ': '), third, fourth, fifth, head],
      { problem: 'unreadable', record: 2, line: 2 },
    ],
    [
      'a name twice',
      [first, second.replace('{', '{"action":"a",'), third, fourth, fifth, head],
      { problem: 'unreadable', record: 2, line: 2 },
    ],
    ['no JSON', [first, second.slice(1), third, fourth, fifth, head], { problem: 'unreadable', record: 2, line: 2 }],
    ['no object', ['3', ...lines], { problem: 'unreadable', record: 1, line: 1 }],
    ['a field missing', ['{"number":1}', ...lines.slice(1)], { problem: 'unreadable', record: 1, line: 1 }],
    ['a line too long', [auditText(tooLong), ...lines], { problem: 'unreadable', record: 1, line: 1 }],
    ['too deep', [`${'['.repeat(100_000)}${']'.repeat(100_000)}`], { problem: 'unreadable', record: 1, line: 1 }],
    ['the beginning missing', later.slice(1), { problem: 'number', record: 1, line: 1 }],
    ['a beginning elsewhere', [first, ...later], { problem: 'unreadable', record: 2, line: 2 }],
    [
      'a beginning at 0',
      [auditText({ from: { number: 0, hash: firstAuditHash } }), ...lines],
      { problem: 'unreadable', record: 1 },
    ],
    [
      'another beginning',
      [auditText({ from: { number: 2, hash: 'ab'.repeat(32) } }), ...later.slice(1)],
      { problem: 'previous', record: 3, line: 2 },
    ],
    [
      'a later beginning',
      [auditText({ from: { number: 90, hash: 'ab'.repeat(32) } }), ...later.slice(1)],
      { problem: 'number', record: 3, line: 2 },
    ],
  ]
  for (const [name, tampered, expected] of cases) t.match(verdictOf(tampered), { intact: false, ...expected }, name)
})

t.test('the head of the broker must be the one of the file', async t => {
  const chain = chainOf(5)
  const lines = linesOf(chain)
  t.match(verdictOf(lines, { number: 6, hash: 'ab'.repeat(32) }), { problem: 'other-head', record: 6 })
  t.match(verdictOf(lines, { number: 5, hash: 'ab'.repeat(32) }), { problem: 'other-head', record: 5 })
  t.match(verdictOf(lines, { number: 3, hash: chain[2]?.hash ?? '' }), { problem: 'other-head', record: 4 })
  const rewritten = linesOf(chainOf(5, 'other '))
  t.match(verdictOf(rewritten), { intact: true }, 'a chain made anew from the first record to the last fits in itself')
  t.match(verdictOf(rewritten, headOf(chain)), { problem: 'other-head' }, 'but not to the broker')
})

t.test('a file that is no text, or ends within a line, is told', async t => {
  const bytes = bytesOf(linesOf(chainOf(3)))
  const cut = bytes.subarray(0, bytes.length - 1)
  t.match(
    verdictOfBytes(cut, 50),
    { intact: false, problem: 'truncated', record: 4, line: 4 },
    'the last line end missing',
  )
  const binary = Buffer.concat([bytes.subarray(0, 20), Buffer.from([0xff]), bytes.subarray(20)])
  t.match(verdictOfBytes(binary, 50), { intact: false, problem: 'unreadable', record: 1, line: 1 })
  const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
  t.match(verdictOfBytes(marked, 50), { intact: false, problem: 'unreadable', record: 1, line: 1 })
  const unknown = bytesOf(linesOf(chainOf(1, '\ufffd')))
  t.match(verdictOfBytes(unknown, 50), { intact: true })
  const at = unknown.indexOf('\ufffd')
  const replaced = Buffer.concat([unknown.subarray(0, at), Buffer.from([0xff]), unknown.subarray(at + 3)])
  t.match(
    verdictOfBytes(replaced, 50),
    { intact: false, problem: 'unreadable' },
    'bytes that are read as the same text',
  )
  const endless = Buffer.alloc(100_000, 'x')
  const verifier = new AuditVerifier()
  for (let count = 0; count < 100; count++) verifier.addBytes(endless)
  t.match(verifier.finish(), { intact: false, problem: 'unreadable', line: 1 }, 'a line without an end')
})

t.test('10,000 random tamperings of an exported file: all are found, none later than behind its place', async t => {
  const random = seeded(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const exports = [0, 1, 4, 9].map(from => {
    const chain = chainOf(10).slice(from)
    return { chain, lines: linesOf(chain), bytes: bytesOf(linesOf(chain)) }
  })
  const counts = new Map<string, number>()
  const missed: string[] = []
  for (let round = 0; round < 10_000; round++) {
    const { chain, lines, bytes } = exports[below(exports.length)] as (typeof exports)[0]
    const way = ways[below(ways.length)] as Way
    const tampered = way.change(bytes, lines, below)
    if (tampered.bytes.equals(bytes)) continue
    const verdict = verdictOfBytes(tampered.bytes, 4096)
    counts.set(way.name, (counts.get(way.name) ?? 0) + 1)
    const record = (chain[0]?.number ?? 1) + tampered.line - (lines.length - 1 - chain.length)
    if (verdict.intact) missed.push(`round ${round}: ${way.name} at line ${tampered.line} was not found`)
    else if (verdict.record > record + 1 || verdict.line > tampered.line + 2) {
      missed.push(`round ${round}: ${way.name} at record ${record} was found at ${verdict.record} only`)
    }
  }
  t.strictSame(missed, [], `DROVER_SEED=${seed}`)
  t.comment(JSON.stringify(Object.fromEntries(counts)))
  t.ok([...counts.values()].reduce((sum, count) => sum + count, 0) > 9_500, 'nearly every one changed something')
})

interface Way {
  readonly name: string
  /** `line`: the first one that is not as it was, from 0. */
  change(bytes: Buffer, lines: readonly string[], below: (limit: number) => number): { bytes: Buffer; line: number }
}

const ways: readonly Way[] = [
  {
    name: 'a byte changed',
    change: (bytes, _, below) => {
      const at = below(bytes.length)
      const changed = Buffer.from(bytes)
      changed[at] = (bytes[at] as number) ^ (1 + below(255))
      return { bytes: changed, line: lineAt(bytes, at) }
    },
  },
  {
    name: 'a digit or letter changed',
    change: (bytes, _, below) => {
      const places = [...bytes.keys()].filter(at => /[0-9a-z]/.test(String.fromCharCode(bytes[at] as number)))
      const at = places[below(places.length)] as number
      const changed = Buffer.from(bytes)
      changed[at] = '0123456789abcdefghijklmnopqrstuvwxyz'.charCodeAt(below(36))
      return { bytes: changed, line: lineAt(bytes, at) }
    },
  },
  {
    name: 'bytes put in',
    change: (bytes, _, below) => {
      const at = below(bytes.length + 1)
      const more = Buffer.from(
        Array.from({ length: 1 + below(3) }, () => [10, 32, 48, 34, 44, below(256)][below(6)] as number),
      )
      return { bytes: Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]), line: lineAt(bytes, at) }
    },
  },
  {
    name: 'bytes taken out',
    change: (bytes, _, below) => {
      const at = below(bytes.length)
      const end = at + 1 + below(below(4) === 0 ? 300 : 3)
      return { bytes: Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]), line: lineAt(bytes, at) }
    },
  },
  {
    name: 'cut at a byte',
    change: (bytes, _, below) => {
      const at = below(bytes.length)
      return { bytes: bytes.subarray(0, at), line: lineAt(bytes, at) }
    },
  },
  {
    name: 'cut at a line',
    change: (_, lines, below) => {
      const at = below(lines.length)
      return { bytes: bytesOf(lines.slice(0, at)), line: at }
    },
  },
  {
    name: 'lines taken out',
    change: (_, lines, below) => {
      const at = below(lines.length)
      return { bytes: bytesOf([...lines.slice(0, at), ...lines.slice(at + 1 + below(3))]), line: at }
    },
  },
  {
    name: 'a line doubled elsewhere',
    change: (_, lines, below) => {
      const at = below(lines.length + 1)
      return {
        bytes: bytesOf([...lines.slice(0, at), lines[below(lines.length)] as string, ...lines.slice(at)]),
        line: at,
      }
    },
  },
  {
    name: 'two lines changed about',
    change: (_, lines, below) => {
      const [one, other] = [below(lines.length), below(lines.length)]
      const changed = [...lines]
      changed[one] = lines[other] as string
      changed[other] = lines[one] as string
      return { bytes: bytesOf(changed), line: Math.min(one, other) }
    },
  },
  {
    name: 'a record changed and hashed again',
    change: (_, lines, below) => {
      const records = [...lines.keys()].filter(index => lines[index]?.includes('"action"'))
      const at = records[below(records.length)]
      if (at === undefined) return { bytes: bytesOf(lines), line: 0 }
      const changed = [...lines]
      changed[at] = auditText(rehash({ ...JSON.parse(lines[at] as string), subject: `x${below(1000)}` }))
      return { bytes: bytesOf(changed), line: at }
    },
  },
]

function lineAt(bytes: Buffer, at: number): number {
  return bytes.subarray(0, at).filter(byte => byte === 10).length
}

function chainOf(count: number, prefix = ''): readonly AuditLine[] {
  const chain: AuditLine[] = []
  let head: AuditHead = { number: 0, hash: firstAuditHash }
  for (let index = 0; index < count; index++) {
    const actor = { kind: 'principal' as const, name: 'p' }
    const entry = { at: 1 + index, actor, action: 'a', subject: `${prefix}s${index}`, changes: [], data: { n: index } }
    const record: AuditLine = chained(entry, head)
    chain.push(record)
    head = { number: record.number, hash: record.hash }
  }
  return chain
}

const rehash = (record: AuditLine): AuditLine => ({ ...record, hash: auditHash(record) })

function headOf(chain: readonly AuditLine[]): AuditHead {
  const last = chain.at(-1)
  return last === undefined ? { number: 0, hash: firstAuditHash } : { number: last.number, hash: last.hash }
}

function linesOf(chain: readonly AuditLine[]): readonly string[] {
  const [first] = chain
  const from =
    first === undefined || first.number === 1 ? [] : [{ from: { number: first.number - 1, hash: first.previous } }]
  return [...from, ...chain, { head: headOf(chain) }].map(auditText)
}

const bytesOf = (lines: readonly string[]): Buffer => Buffer.from(lines.map(line => `${line}\n`).join(''))

function verdictOf(lines: readonly string[], head?: AuditHead): AuditVerdict {
  const verifier = new AuditVerifier()
  for (const line of lines) verifier.add(line)
  return verifier.finish(head)
}

function verdictOfBytes(bytes: Buffer, pieceBytes: number): AuditVerdict {
  const verifier = new AuditVerifier()
  for (let at = 0; at < bytes.length; at += pieceBytes) verifier.addBytes(bytes.subarray(at, at + pieceBytes))
  return verifier.finish()
}
