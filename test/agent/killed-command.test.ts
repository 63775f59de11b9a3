// A device of real processes and files (boot, image, agent, configuration, check, command) that is given one command of
// each type after the other, with its power cut at every kind of save of each: before it and after it. Each command ends as
// it should, is told once, and between any two cuts the configuration is one whole content.
// DROVER_LONG=1 cuts before and after every save, in two devices; else before at every second kind, at the others after.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { LevelJournal } from '../../agent/adapters/level-journal/level-journal.ts'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../agent/adapters/system-random.ts'
import { deviceId, type OperationId, operationId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/json.ts'
import { bareNode, long, seed } from '../fixtures/cases.ts'
import { classId, commandOf, signedTrust, vendorId } from './fakes/release.ts'
import { type Conversation, type Script, ScriptedBroker } from './fakes/scripted-broker.ts'

const bootFile = fileURLToPath(new URL('../../agent/boot.js', import.meta.url))
const program = fileURLToPath(new URL('./programs/agent-killed-at-save.js', import.meta.url))
const image = `#!/bin/sh\nexec "$DROVER_NODE" "${program}"\n`

t.jobs = 2
// A few dozen processes, and machines are busy.
t.setTimeout(110_000)
t.comment(`DROVER_SEED=${seed}`)

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const first = '{"interval":60,"password":"hunter2"}'
const changed = '{\n  "interval": 30,\n  "password": "hunter2"\n}\n'
const restored = '{"interval":5}'

interface Order {
  readonly type: string
  readonly given: JsonObject
  /** What is told of it, each once; a reboot ends with the hello. */
  readonly told: readonly string[]
  /** What it saves besides its end. */
  readonly saves: readonly string[]
  readonly operation: OperationId
}
const orders: readonly Order[] = [
  {
    type: 'config-change',
    given: { format: 'json-patch', patch: [{ op: 'replace', path: '/interval', value: 30 }] },
    told: ['done'],
    saves: ['accepted', 'acting'],
  },
  { type: 'config-backup', given: {}, told: ['done'], saves: ['accepted', 'acting'] },
  { type: 'command', given: { name: 'count', arguments: { by: 1 } }, told: ['done'], saves: ['accepted', 'acting'] },
  {
    type: 'config-restore',
    given: { content: Buffer.from(restored).toString('base64'), sha256: sha256(restored), version: 'v0' },
    told: ['done'],
    saves: ['accepted', 'acting'],
  },
  { type: 'reboot', given: {}, told: ['rebooting'], saves: ['accepted', 'restarting'] },
  // Refused by the check. Its saves have the names of the first order's: they are cut there.
  { type: 'config-change', given: { format: 'merge-patch', patch: { no: true } }, told: ['UPD4_FAIL_37'], saves: [] },
].map((order, index) => ({ ...order, operation: operationId(String(index + 1).padStart(26, '0')) }))

/** The boot a device was in when it was last offered a reboot. */
const offeredIn = new WeakMap<Conversation, string>()

function told({ events }: Conversation, { operation }: Order): readonly string[] {
  return [...events.values()]
    .filter(event => event.operation === operation)
    .map(({ content }) => (content.kind === 'code' ? content.code : content.step))
}

function ended(conversation: Conversation, order: Order): boolean {
  const words = told(conversation, order)
  if (words.at(-1) !== 'rebooting') return words.length > 0
  const hello = conversation.hellos.at(-1)
  return hello?.operation !== order.operation && hello?.bootId !== offeredIn.get(conversation)
}

/** Offers the first that has not ended, unless the device is at work or still has something to say. */
const script: Script = (conversation, at) => {
  const hello = conversation.hellos.at(-1)
  const busy = hello === undefined || (at === 'hello' && (hello.operation !== undefined || hello.outboxEventCount > 0))
  const order = orders.find(each => !ended(conversation, each))
  if (busy || order === undefined || (at === 'event' && told(conversation, order).length > 0)) return undefined
  if (order.type === 'reboot') offeredIn.set(conversation, hello.bootId)
  const { type, given, operation } = order
  const envelope = commandOf(type, given, operation)
  return { kind: 'offer', operation, lease: 1, attempt: 1, envelope, operationType: type }
}

interface Row {
  readonly cut: 'before' | 'after' | 'never'
  /** Kinds of save that are cut at the other moment. */
  readonly turned: readonly string[]
}
interface Run {
  readonly conversation: Conversation
  readonly cuts: readonly string[]
  readonly configuration: string
  readonly previous: string
  /** A line for each start of the command. */
  readonly counted: readonly string[]
}

/** Drives one device through all orders, starting boot again after each cut, and looks at its disk in the end. */
async function driven(t: Test, broker: ScriptedBroker, name: string, { cut, turned }: Row): Promise<Run> {
  const device = deviceId(name)
  const data = t.testdir({})
  const file = (path: string): string => join(data, path)
  const read = (path: string): string => readFileSync(file(path), 'utf8')
  for (const [path, content] of [
    ['cuts', ''],
    ['counted', ''],
    ['factory', image],
    ['app.json', first],
    ['trust', signedTrust()],
  ] as const)
    writeFileSync(file(path), content)
  mkdirSync(file('commands'))
  writeFileSync(
    file('commands/count'),
    `#!/bin/sh\necho "$(cat) $DROVER_OPERATION $DROVER_REPEATED" >> "${file('counted')}"\necho counted\n`,
  )
  chmodSync(file('commands/count'), 0o755)
  writeFileSync(
    file('agent.json'),
    JSON.stringify({
      deviceId: device,
      url: `mqtt://127.0.0.1:${broker.port}`,
      vendorId,
      classId,
      dataDir: 'data',
      trustFile: 'trust',
      components: [{ name: 'main', version: '1.0.0', image: 'factory', reboot: true }],
      configuration: { file: 'app.json', check: ['/bin/sh', '-c', '! grep -q \'"no"\' "$DROVER_CANDIDATE"'] },
      commands: { folder: 'commands' },
      reconnect: { baseMs: 20, capMs: 100 },
      logLevel: 'warn',
    }),
  )
  const conversation = broker.of(device)
  let log = ''
  for (;;) {
    const start = [bootFile, '--config', file('agent.json')]
    // Only a process that ends by itself can tell what of it was covered.
    const [command, parameters] = cut === 'never' ? [process.execPath, start] : bareNode(start)
    const child = spawn(command, parameters, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, CUTS: file('cuts'), CUT: cut, CUT_TURNED: turned.join() },
    })
    t.teardown(() => child.kill('SIGKILL'))
    child.stderr.on('data', bytes => {
      log += bytes
    })
    const exit = new Promise<string>(resolve => child.once('exit', (code, signal) => resolve(signal ?? String(code))))
    const stop = new AbortController()
    const finished = until(() => orders.every(order => ended(conversation, order)), stop.signal).then(
      () => 'finished',
      error => String(error),
    )
    const how = await Promise.race([exit, finished])
    stop.abort()
    if (how !== 'SIGKILL') {
      // What was said last is still being acknowledged and saved: another cut may fall into it.
      await new Promise(resolve => setTimeout(resolve, 250))
      child.kill('SIGTERM')
    }
    const end = how === 'SIGKILL' ? how : await exit
    const whole = [first, changed, restored].includes(read('app.json'))
    if (!whole) t.fail(`half a configuration: ${read('app.json')}`)
    if (end === 'SIGKILL') continue
    if (how !== 'finished' || end !== '0') {
      const heard = orders.map(order => `${order.type}: ${told(conversation, order).join(' ')}`).join('\n')
      t.fail(`${how}, exit ${end}\n${heard}\n${JSON.stringify(conversation.hellos.slice(-3))}\n${log}`)
    }
    break
  }
  const journal = await LevelJournal.open(file('data/journal'), systemRandom, systemClock)
  const { memory, outbox } = await journal.read()
  await journal.close()
  t.equal(memory?.command, undefined, 'nothing is left under way')
  t.strictSame(outbox, [])
  return {
    conversation,
    cuts: read('cuts').split('\n').slice(0, -1),
    configuration: read('app.json'),
    previous: read('app.json.previous'),
    counted: read('counted').split('\n').slice(0, -1),
  }
}

async function until(holds: () => boolean, stop: AbortSignal): Promise<void> {
  const end = Date.now() + 60_000
  while (!holds() && !stop.aborted) {
    if (Date.now() > end) throw new Error('not in time')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

const kinds = [
  'acknowledged',
  ...orders.flatMap(({ type, saves, operation }) => [
    ...saves.map(save => `${save}-${type}`),
    `ended-${operation.slice(-2)}`,
  ]),
].sort()
const everySecond = kinds.filter((_, index) => index % 2 === seed % 2)
const rows: readonly Row[] = long
  ? (['never', 'before', 'after'] as const).map(cut => ({ cut, turned: [] }))
  : [
      { cut: 'never', turned: [] },
      { cut: 'before', turned: everySecond },
    ]

const broker = await ScriptedBroker.open(t, script)
for (const row of rows) {
  const where = row.turned.length === 0 ? row.cut : `before or, at ${row.turned.join(', ')}, after`
  t.test(`power cut ${where} each save of each command`, { buffered: true, timeout: 100_000 }, async t => {
    const { conversation, cuts, configuration, previous, counted } = await driven(t, broker, `at-${row.cut}`, row)
    for (const order of orders) t.strictSame(told(conversation, order), order.told, `${order.type} is told once`)
    t.equal(configuration, restored)
    t.equal(previous, changed)
    for (const report of conversation.configurations) t.equal(Buffer.from(report.content).toString(), changed)
    t.ok(conversation.configurations.length > 0, 'the backup arrived')
    const [start, ...more] = counted
    t.match(start, `{"by":1} ${orders[2]?.operation}`)
    for (const line of more) t.match(line, / true$/, 'a repeated run knows that it is one')
    if (row.cut === 'never') t.equal(counted.length, 1)
    t.notMatch(
      [...conversation.events.values()].map(({ data }) => JSON.stringify(data)).join(),
      /hunter2/,
      'no secret in any event',
    )
    t.strictSame([...cuts].sort(), row.cut === 'never' ? [] : kinds, 'each cut really fell')
  })
}
