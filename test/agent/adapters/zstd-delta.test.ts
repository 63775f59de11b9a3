import { execFileSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import t from 'tap'
import { isWholeFrame, nodeEngine, wasmEngine, ZstdPatches } from '../../../agent/adapters/zstd-delta.ts'
import { zstdFrame } from '../../fixtures/patch.ts'
import { forAll, mutated, seed } from '../../proto/fuzz.ts'

t.comment(`seed ${seed}`)

/** Every engine this Node can have, each through the whole decoder. */
const decoders = new Map([['wasm', new ZstdPatches(wasmEngine)]])
const ofNode = nodeEngine()
if (ofNode !== undefined) decoders.set('node', new ZstdPatches(async () => ofNode))

type Compress = (bytes: Uint8Array, options: object) => Buffer
const { zstdCompressSync, constants } = zlib as unknown as {
  readonly zstdCompressSync?: Compress
  readonly constants: Readonly<Record<string, number>>
}
const hasProgram = ((): boolean => {
  try {
    execFileSync('zstd', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

const base = Buffer.concat(Array.from({ length: 8192 }, (_, at) => createHash('sha256').update(`base ${at}`).digest()))
/** The base with a piece of it moved and something new in it. */
const image = Buffer.concat([
  base.subarray(90_000, 190_000),
  Buffer.from('something new'),
  base.subarray(1_000, 60_000),
])

function byProgram(folder: string, dictionary: Uint8Array, output: Uint8Array): Buffer {
  const [from, to] = [join(folder, 'base'), join(folder, 'output')]
  writeFileSync(from, dictionary)
  writeFileSync(to, output)
  return execFileSync('zstd', ['-19', '-q', '-c', `--patch-from=${from}`, to], { maxBuffer: 2 ** 24 })
}

for (const [name, decoder] of decoders) {
  t.test(`${name}: frames of every maker decode to the image`, async t => {
    const makers: (readonly [string, (dictionary: Uint8Array, output: Uint8Array) => Buffer])[] = [
      ['wasm', (dictionary, output) => zstdFrame(output, dictionary)],
    ]
    if (hasProgram)
      makers.push(['the zstd program', (dictionary, output) => byProgram(t.testdir(), dictionary, output)])
    if (zstdCompressSync !== undefined)
      makers.push([
        'node:zlib',
        (dictionary, output) =>
          zstdCompressSync(output, {
            dictionary,
            pledgedSrcSize: output.length,
            params: {
              [constants.ZSTD_c_compressionLevel ?? 0]: 19,
              [constants.ZSTD_c_checksumFlag ?? 0]: 1,
              [constants.ZSTD_c_windowLog ?? 0]: 23,
            },
          }),
      ])
    for (const [maker, make] of makers)
      for (const [what, dictionary, output] of [
        ['a new version', base, image],
        [
          'all of a frame and a base',
          Buffer.concat([base, base.map(byte => byte ^ 1), base]),
          Buffer.concat([image, base]),
        ],
        ['one byte', base, Buffer.of(9)],
        ['the base itself', base, base],
      ] as const) {
        const frame = make(dictionary, output)
        t.ok(isWholeFrame(frame, output.length), `${maker}, ${what}: a whole frame`)
        const back = await decoder.decode(frame, dictionary, output.length)
        t.ok(back !== undefined && Buffer.compare(back, output) === 0, `${maker}, ${what}: ${frame.length} bytes`)
      }
  })

  t.test(`${name}: a frame needs no base, and the base may be tiny`, async t => {
    const frame = zstdFrame(image, new Uint8Array(0))
    t.equal(Buffer.compare((await decoder.decode(frame, new Uint8Array(0), image.length)) ?? Buffer.alloc(0), image), 0)
    const small = zstdFrame(image, base.subarray(0, 3))
    t.ok(await decoder.decode(small, base.subarray(0, 3), image.length))
  })

  t.test(`${name}: what is no such frame is nothing, whatever it asks for`, async t => {
    const frame = zstdFrame(image, base)
    const skippable = Buffer.from('502a4d1804000000deadbeef', 'hex')
    const huge = Buffer.from(frame)
    // Frame header descriptor 0xa0: content size of 4 bytes in a single segment.
    t.equal(huge[4], 0xa0, 'as the header is made today')
    huge.writeUInt32LE(0xffffffff, 5)
    t.notOk(isWholeFrame(huge, image.length), 'no engine is asked for it')
    const dictionary = Buffer.concat([Buffer.from('37a430ec', 'hex'), base])
    const cases: readonly (readonly [string, Uint8Array, Uint8Array, number])[] = [
      ['nothing', new Uint8Array(0), base, image.length],
      ['garbage', Buffer.alloc(1000, 7), base, image.length],
      ['cut', frame.subarray(0, -1), base, image.length],
      ['bytes behind it', Buffer.concat([frame, Buffer.of(0)]), base, image.length],
      ['a second frame', Buffer.concat([frame, zstdFrame(image, base)]), base, image.length],
      ['a skippable frame behind it', Buffer.concat([frame, skippable]), base, image.length],
      ['a skippable frame alone', skippable, base, 0],
      ['another size than told', frame, base, image.length - 1],
      ['a bomb of 4 GiB', huge, base, image.length],
      ['a bomb of 4 GiB, told so', huge, base, 0xffffffff],
      [
        'a base that begins like a dictionary with tables',
        zstdFrame(image, new Uint8Array(0)),
        dictionary,
        image.length,
      ],
    ]
    for (const [what, bytes, dictionary, outputBytes] of cases)
      t.equal(await decoder.decode(bytes, dictionary, outputBytes), undefined, what)
    t.ok(await decoder.decode(frame, base, image.length), 'and the engine still works')
  })

  t.test(`${name}: another base is seen where the frame has a checksum`, { skip: !hasProgram }, async t => {
    const frame = byProgram(t.testdir(), base, image)
    const other = Buffer.from(base)
    other[100_000] = (other[100_000] ?? 0) ^ 1
    t.equal(await decoder.decode(frame, other, image.length), undefined)
  })

  t.test(`${name}: a spoiled frame gives nothing or bytes of the right length, and never an error`, async t => {
    const small = image.subarray(99_000, 101_000)
    const samples = [
      zstdFrame(small, base),
      zstdFrame(small, base.subarray(98_000, 99_000)),
      zstdFrame(Buffer.alloc(2000), base),
    ]
    const values: Promise<void>[] = []
    forAll(mutated(samples), 2000, bytes => {
      values.push(
        (async () => {
          const output = await decoder.decode(bytes, base, 2000)
          if (output !== undefined && output.length !== 2000) throw new Error(`${output.length} bytes`)
        })(),
      )
    })
    await Promise.all(values)
    t.pass('2000 of them')
  })
}

t.test('both engines say the same to the same bytes', { skip: decoders.size < 2 }, async t => {
  const small = image.subarray(99_000, 101_000)
  const samples = [zstdFrame(small, base), zstdFrame(small, base.subarray(98_000, 99_000))]
  const found: Promise<readonly (Uint8Array | undefined)[]>[] = []
  forAll(mutated(samples), 3000, bytes => {
    found.push(Promise.all([...decoders.values()].map(decoder => decoder.decode(bytes, base, 2000))))
  })
  let decoded = 0
  for (const [a, b] of await Promise.all(found)) {
    if (a === undefined ? b !== undefined : b === undefined || Buffer.compare(a, b) !== 0) t.fail('they differ')
    if (a !== undefined) decoded += 1
  }
  t.comment(`${decoded} of 3000 decoded`)
  t.ok(decoded > 0)
})

t.test('the engine is loaded with the first frame that could be one, once', async t => {
  let loaded = 0
  const decoder = new ZstdPatches(async () => {
    loaded += 1
    return (_frame, _base, outputBytes) => new Uint8Array(outputBytes)
  })
  await decoder.decode(Buffer.from('no frame'), base, 10)
  t.equal(loaded, 0)
  const frame = zstdFrame(image, base)
  await Promise.all([decoder.decode(frame, base, image.length), decoder.decode(frame, base, image.length)])
  t.equal(loaded, 1)
  const broken = new ZstdPatches(async () => Promise.reject(new Error('not installed')))
  await t.rejects(async () => broken.decode(frame, base, image.length), /not installed/, 'a device without decoder')
})

t.test('importing the adapter loads no engine', async t => {
  const script = `
    await import(${JSON.stringify(new URL('../../../agent/adapters/zstd-delta.js', import.meta.url).href)})
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire(import.meta.url).cache ?? {})
    if (loaded.some(path => path.includes('zstd-wasm'))) process.exitCode = 1
    console.log(loaded.length)
  `
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { env: { PATH: process.env.PATH } })
  t.pass('nothing of zstd-wasm among the loaded modules')
})

t.test('memory stays with the frame: the third hundred frames of a MiB cost no more than the first', async t => {
  const output = randomFillSync(Buffer.alloc(2 ** 20))
  const dictionary = randomFillSync(Buffer.alloc(2 ** 22))
  const frame = zstdFrame(output, dictionary, 1)
  for (const [name, decoder] of decoders) {
    for (let count = 0; count < 100; count += 1) await decoder.decode(frame, dictionary, output.length)
    const before = process.memoryUsage().rss
    for (let count = 0; count < 200; count += 1) await decoder.decode(frame, dictionary, output.length)
    const grown = (process.memoryUsage().rss - before) / 2 ** 20
    t.ok(grown < 64, `${name} grew by ${Math.round(grown)} MiB`)
  }
})
