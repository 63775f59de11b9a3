// Seconds of the fuzzer, with a seed that is new in each run; `npm run bench -- fuzz --seconds 600 --mutants 1000000` is the
// long form, which prints how much of each decoder was reached.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { coverageOf } from '../../../simulator/fuzz/coverage.ts'
import { fuzzDecoders } from '../../../simulator/fuzz/decoders.ts'
import { fuzz } from '../../../simulator/fuzz/fuzz.ts'
import { seed } from '../../fixtures/cases.ts'

t.test(
  'hostile clients of every kind: the broker lives, answers an honest device, and calls nothing an error',
  async t => {
    t.comment(`DROVER_SEED=${seed}`)
    const wishes = { seconds: 4, seed, devices: 24, lanes: 3, coverageFolder: undefined }
    const { cases, problems, pingsMs, rssBytesFirst, rssBytesMost } = await fuzz(wishes, {
      node: execPath,
      environment: env,
    })
    t.same(problems, [])
    const kinds = ['payload hello', 'payload events', 'payload chunks/request', 'packet', 'stranger', 'upload']
    for (const kind of kinds) t.ok((cases[kind] ?? 0) > 0, `${kind}: ${cases[kind]}`)
    t.ok(Object.keys(cases).some(kind => kind.startsWith('request ')))
    t.ok(pingsMs.length > 10, `${pingsMs.length} answers to the honest one`)
    t.ok(rssBytesMost - rssBytesFirst < 256 * 2 ** 20)
  },
)

t.test('mutants of every message, signed again: each is taken or refused in the words of its reader', async t => {
  t.comment(`DROVER_SEED=${seed}`)
  const found = [...fuzzDecoders(3_000, seed)]
  t.ok(found.length > 20)
  t.strictSame(
    found.flatMap(({ problems }) => problems),
    [],
    `DROVER_SEED=${seed}`,
  )
  for (const { name, mutants, taken } of found) t.ok(mutants > 50 && taken < mutants, `${name}: ${taken} of ${mutants}`)
})

t.test(
  'branches: what one of several processes took is taken; a block that one does not tell apart ran as what is around it',
  async t => {
    const text = 'function one() {\n  if (a) b()\n  else c()\n}\nfunction two() {}\n'
    const folder = t.testdir({ 'x.js': text, coverage: {} })
    const url = pathToFileURL(join(folder, 'x.js')).href
    const block = (startOffset: number, endOffset: number, count: number) => ({ startOffset, endOffset, count })
    const [one, two] = [text.indexOf('function one'), text.indexOf('function two')]
    const [b, c] = [text.indexOf('b()'), text.indexOf('c()')]
    const written = async (process: string, ...functions: readonly (readonly object[])[]): Promise<void> =>
      writeFile(
        join(folder, 'coverage', `${process}.json`),
        JSON.stringify({ result: [{ url, functions: functions.map(ranges => ({ ranges })) }] }),
      )
    const whole = (count: number) => block(one, two - 1, count)
    const never = [block(two, two + 17, 0)]
    await written('first', [whole(3), block(c, c + 3, 0)], never)
    t.strictSame(await coverageOf(join(folder, 'coverage'), ['x.js', 'y.js']), [
      { file: 'x.js', branches: 3, taken: 1, untakenLines: [3, 5] },
    ])
    await written('second', [whole(1), block(b, b + 3, 0)], never)
    t.match(await coverageOf(join(folder, 'coverage'), ['x.js']), [{ branches: 4, taken: 3, untakenLines: [5] }])
    await written('third', [whole(0)], [block(two, two + 17, 2)])
    t.match(await coverageOf(join(folder, 'coverage'), ['x.js']), [{ branches: 4, taken: 4, untakenLines: [] }])
  },
)
