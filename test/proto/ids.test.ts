import t from 'tap'
import {
  artifactId,
  deviceId,
  eventId,
  eventIdOf,
  eventNumberOf,
  isComponentName,
  isReservedName,
  operationId,
  principalName,
  releaseId,
  releaseIdOf,
} from '../../proto/ids.ts'

/** Names every object has: an id of that name would be found where nothing was put. */
const reserved = Object.getOwnPropertyNames(Object.prototype)

t.test('a device id and the name of a principal are one harmless topic level', async t => {
  for (const parse of [deviceId, principalName]) {
    for (const good of ['a', '0', 'sensor-1', 'A.b_c:d-e', 'x'.repeat(64), 'prototype', 'then'])
      t.equal(parse(good), good)
    const bad = [
      '',
      '+',
      '#',
      '/',
      'a/b',
      '$SYS',
      '-a',
      '.',
      '..',
      '_a',
      'a b',
      'a\0',
      'ä',
      'a\n',
      '\ud800',
      'x'.repeat(65),
    ]
    for (const text of [...bad, ...reserved])
      t.throws(() => parse(text), { name: 'RangeError', message: /expected 1 to 64/ }, text)
  }
})

t.test('what is no text at all is refused as well', async t => {
  for (const value of [undefined, null, 7, {}, [], ['sensor-1'], true])
    for (const parse of [deviceId, operationId, artifactId, eventId, releaseId])
      t.throws(() => parse(value as unknown as string), { name: 'RangeError' })
})

t.test('the error never repeats long input', async t => {
  t.throws(() => deviceId('/'.repeat(100_000)), { message: /^.{1,250}$/ })
})

t.test('every reserved name is known, and no component may carry one', async t => {
  t.ok(reserved.includes('constructor') && reserved.includes('__proto__'))
  for (const name of reserved) {
    t.ok(isReservedName(name), name)
    t.notOk(isComponentName(name), name)
  }
  for (const name of ['main', 'boot-2', 'A.b_c', '0']) t.ok(isComponentName(name), name)
  for (const name of ['', '-a', '.a', 'a/b', 'a+b', 'a:b', 'a b', 'ä', 'a\n']) t.notOk(isComponentName(name), name)
})

t.test('operation, artifact and release ids have one spelling', async t => {
  const rows: readonly [(text: string) => string, good: string, bad: readonly string[]][] = [
    [
      operationId,
      '01j9zk3v7m8n5p6q4r2s1t0abc',
      ['01j9zk3v7m8n5p6q4r2s1t0ab', '01J9ZK3V7M8N5P6Q4R2S1T0ABC', '01j9zk3v7m8n5p6q4r2s1t0ab/'],
    ],
    [artifactId, 'ab'.repeat(32), ['AB'.repeat(32), 'ab'.repeat(31), 'zz'.repeat(32), `${'ab'.repeat(32)}\n`]],
    [
      releaseId,
      'main@1.2.3+0123456789abcdef',
      [
        'main@1.2.3',
        '@1.2.3+0123456789abcdef',
        'ma in@1.2.3+0123456789abcdef',
        'a/b@1.2.3+0123456789abcdef',
        '__proto__@1.2.3+0123456789abcdef',
      ],
    ],
  ]
  for (const [parse, good, bad] of rows) {
    t.equal(parse(good), good)
    for (const text of bad) t.throws(() => parse(text), { name: 'RangeError' }, text)
  }
  t.equal(releaseIdOf('main', '1.2.3', '0123456789abcdef'.repeat(4)), 'main@1.2.3+0123456789abcdef')
})

t.test('event ids sort as their numbers do, and no id is beyond them', async t => {
  const numbers = [1, 9, 10, 15, 16, 255, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]
  const ids = numbers.map(eventIdOf)
  t.strictSame([...ids].sort(), ids)
  for (const [at, id] of ids.entries()) t.equal(eventNumberOf(eventId(id)), numbers[at])
  t.equal(eventNumberOf(eventId('0'.repeat(32))), 0, 'before the first: where paging begins')
  for (const bad of [
    `${'0'.repeat(18)}20000000000000`,
    'f'.repeat(32),
    `1${'0'.repeat(31)}`,
    '0'.repeat(31),
    `${'0'.repeat(31)}A`,
  ])
    t.throws(() => eventId(bad), { name: 'RangeError', message: /below 2\^53/ }, bad)
})
