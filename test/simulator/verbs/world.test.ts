// The verb: what it takes, what it prints, and how it ends. And how a failing world is made small.
import t from 'tap'
import { exits, UsageError, type VerbHost } from '../../../simulator/verbs/verb-host.ts'
import { world } from '../../../simulator/verbs/world.ts'
import { weatherKinds } from '../../../simulator/world/device-weather.ts'
import { Faults } from '../../../simulator/world/faults.ts'
import { replayLine, shrink } from '../../../simulator/world/shrink.ts'
import type { Lived, WorldOptions } from '../../../simulator/world/world.ts'

t.setTimeout(200_000)

function hosted(signal = new AbortController().signal) {
  const said = { out: '', err: '' }
  const screen = (name: 'out' | 'err') => ({
    isTTY: false,
    columns: 80,
    write: (text: string) => {
      said[name] += text
    },
  })
  const host: VerbHost = {
    stdout: screen('out'),
    stderr: screen('err'),
    environment: {},
    signal,
    node: 'node',
    cwd: '/',
    fork: () => {
      throw new TypeError('no process is started here')
    },
  }
  return { said, host }
}

t.test('calm worlds are told in a line each, and the same again with --json', async t => {
  const text = hosted()
  t.equal(await world(['--seeds', '1..2', '--agents', '3', '--calm'], text.host), exits.expected)
  const lines = text.said.out.trim().split('\n')
  t.equal(lines.length, 2)
  t.match(lines[0], /^seed 1: all is well\. 3 agents, .* h, \d+ operations, \d+ executions, /)
  const json = hosted()
  t.equal(await world(['--seed', '1', '--agents', '3', '--calm', '--json'], json.host), exits.expected)
  const told = JSON.parse(json.said.out) as { digest: string; found: unknown[]; agents: number }
  t.match(told, { seed: 1, agents: 3, found: [] })
  t.ok(lines[0]?.endsWith(told.digest.slice(0, 16)), 'the same seed, the same digest')
})

t.test('a store on disk serves as well', async t => {
  const { said, host } = hosted()
  t.equal(await world(['--seed', '2', '--agents', '3', '--store', 'level', '--calm'], host), exits.expected)
  t.match(said.out, /all is well/)
})

t.test('every step is told on demand', async t => {
  const { said, host } = hosted()
  await world(['--seed', '1', '--agents', '2', '--calm', '--story'], host)
  t.match(said.out, /0d 00:0\d:\d\d\.\d{3} hello of sensor-1, 1\.0\.0/)
})

t.test('who interrupts gets no further world', async t => {
  const abort = new AbortController()
  abort.abort()
  const { said, host } = hosted(abort.signal)
  t.equal(await world(['--seeds', '1..9'], host), exits.interrupted)
  t.equal(said.out, '')
})

t.test('a command line that makes no sense is refused by the name of the flag', async t => {
  for (const [args, message] of [
    [['--seed', 'x'], /--seed x: expected a whole number/],
    [['--seed', '1', '--seeds', '1..2'], /--seed and --seeds: expected one/],
    [['--seeds', '5'], /--seeds 5: expected two numbers/],
    [['--seeds', '5..1'], /--seeds 5\.\.1: expected the smaller/],
    [['--agents', '0'], /--agents 0: expected a whole number from 1 to 1000/],
    [['--asleep', '21'], /--asleep 21: expected a whole number from 1 to 20/],
    [['--without', 'rain'], /--without rain: expected some of latency/],
    [['--store', 'tape'], /--store tape: expected memory or level/],
    [['--rain'], /--rain/],
  ] as const)
    await t.rejects(world(args, hosted().host), { name: UsageError.name, message }, args.join(' '))
})

t.test('a world that fails is made small: what has nothing to do with it is left out', async t => {
  const lived = ({ without = [], asleep = [] }: WorldOptions): Lived => {
    const fails = !without.includes('partitions') && !asleep.includes(3)
    const violations = fails ? [{ checker: 'images', problem: 'it burns', trueMs: 1 }] : []
    const empty = { lengthMs: 1, operations: 1, executions: 1, endings: {}, seen: {}, outcomes: [], linesCount: 1 }
    return { seed: 7, agents: 8, violations, faults: new Faults(), ...empty, digest: '', lastLines: '', transcript: '' }
  }
  const options: WorldOptions = { agents: 8 }
  const smallest = await shrink(lived(options), options, async tried => lived(tried))
  t.same(
    weatherKinds.filter(kind => !smallest.options.without?.includes(kind)),
    ['partitions'],
  )
  t.same([...(smallest.options.asleep ?? [])].sort(), [1, 2, 4, 5, 6, 7, 8])
  t.ok(smallest.tries < 40, `${smallest.tries} tries`)
  const line = replayLine(7, smallest.options)
  t.match(line, /^drover-simulator world --seed 7 --agents 8 --without 'latency,.*' --asleep 1,2,4,5,6,7,8$/)
  t.notMatch(line, 'partitions')
})
