// Seconds of the fuzzer, with a seed that is new in each run; `npm run bench -- fuzz --seconds 600` is the long form.
import { env, execPath } from 'node:process'
import t from 'tap'
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
