// The whole device with real processes (boot, an image that is a program, the agent) against a broker in this process:
// the power is cut at every kind of save of one update, before it and after it, one cut following the other. Whatever
// the moment, the device ends with one whole image, says so, and no result is lost or told twice.
// DROVER_LONG=1 cuts before and after every save of both endings; else before one save and after the next, by the seed.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { LevelJournal } from '../../agent/adapters/level-journal/level-journal.ts'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import { systemDisk } from '../../agent/adapters/system-disk.ts'
import { systemRandom } from '../../agent/adapters/system-random.ts'
import { componentFolder, imagePath, readSlotRecord } from '../../agent/storage/slot-folder.ts'
import { deviceId } from '../../proto/ids.ts'
import { bareNode, long, seed } from '../fixtures/cases.ts'
import { operationOne } from './fakes/broker.ts'
import { classId, imageOf, releaseOf, signedTrust, vendorId } from './fakes/release.ts'
import { type Conversation, codes, ScriptedBroker } from './fakes/scripted-broker.ts'

const bootFile = fileURLToPath(new URL('../../agent/boot.js', import.meta.url))
const program = fileURLToPath(new URL('./programs/agent-killed-at-save.js', import.meta.url))

/** A program that runs the agent, with a body that is all the same between the versions but for its first half. */
const image = (version: string): Buffer =>
  Buffer.concat([
    Buffer.from(`#!/bin/sh\n# sensor firmware ${version}\nexec "$DROVER_NODE" "${program}"\n`),
    imageOf(version, 32 * 1024),
    imageOf('common', 32 * 1024),
  ])
const oldImage = image('1.0.0')
const newImage = image('2.0.0')
const release = releaseOf(newImage)

t.jobs = 4
// A few dozen processes, and machines are busy.
t.setTimeout(110_000)
t.comment(`DROVER_SEED=${seed}`)

interface Run {
  readonly ended: Conversation
  /** The kinds of save the power was cut at. */
  readonly cuts: readonly string[]
  readonly digestOf: string
  readonly fallback: string | undefined
}

/** Drives one device through the update, starting boot again after each cut, and looks at its disk in the end. */
async function driven(t: Test, broker: ScriptedBroker, name: string, { cut, turned, healthy }: Row): Promise<Run> {
  const device = deviceId(name)
  const data = t.testdir({})
  const config = join(data, 'agent.json')
  const cutsFile = join(data, 'cuts')
  writeFileSync(cutsFile, '')
  writeFileSync(join(data, 'factory'), oldImage)
  writeFileSync(join(data, 'trust'), signedTrust())
  writeFileSync(
    config,
    JSON.stringify({
      deviceId: device,
      url: `mqtt://127.0.0.1:${broker.port}`,
      vendorId,
      classId,
      dataDir: 'data',
      trustFile: 'trust',
      components: [{ name: 'main', version: '1.0.0', image: 'factory', reboot: true }],
      health: { command: ['/bin/sh', '-c', healthy ? 'exit 0' : 'test "$DROVER_SLOT" = a'] },
      reconnect: { baseMs: 20, capMs: 100 },
      chunkTimeoutMs: 2000,
      logLevel: 'warn',
    }),
  )
  const conversation = broker.of(device)
  let log = ''
  const finished = (): boolean => {
    const hello = conversation.hellos.at(-1)
    if (hello === undefined) return false
    const { outboxEventCount, journalId, outboxLastEventNumber, operation, components } = hello
    if (outboxEventCount > 0 && !conversation.events.has(`${journalId}/${outboxLastEventNumber}`)) return false
    return codes(conversation).length > 0 || (operation === undefined && components[0]?.version === '2.0.0')
  }
  for (;;) {
    const hellosBefore = conversation.hellos.length
    const start = [bootFile, '--config', config]
    // Only a process that ends by itself can tell what of it was covered.
    const [command, parameters] = cut === 'never' ? [process.execPath, start] : bareNode(start)
    const child = spawn(command, parameters, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, CUTS: cutsFile, CUT: cut, CUT_TURNED: turned.join() },
    })
    t.teardown(() => child.kill('SIGKILL'))
    child.stderr.on('data', bytes => {
      log += bytes
    })
    const exit = new Promise<string>(resolve => child.once('exit', (code, signal) => resolve(signal ?? String(code))))
    const stop = new AbortController()
    const settled = until(() => conversation.hellos.length > hellosBefore && finished(), stop.signal).then(
      () => 'finished',
      error => String(error),
    )
    const how = await Promise.race([exit, settled])
    stop.abort()
    if (how === 'SIGKILL') continue
    // What was said last is still being acknowledged and saved: another cut may fall into it.
    await new Promise(resolve => setTimeout(resolve, 250))
    child.kill('SIGTERM')
    const end = await exit
    if (end === 'SIGKILL') continue
    if (how !== 'finished' || end !== '0') t.fail(`${how}, exit ${end}\n${log}`)
    break
  }
  const folder = componentFolder(join(data, 'data'), 'main')
  const record = await readSlotRecord(systemDisk, folder)
  const slot = record?.active ?? 'a'
  const bytes = readFileSync(imagePath(folder, slot))
  const journal = await LevelJournal.open(join(data, 'data/journal'), systemRandom, systemClock)
  const { memory, outbox } = await journal.read()
  await journal.close()
  t.match({ trial: record?.trial, state: memory?.state, outbox }, { trial: null, state: { kind: 'idle' }, outbox: [] })
  return {
    ended: conversation,
    cuts: readFileSync(cutsFile, 'utf8').split('\n').slice(0, -1),
    digestOf: bytes.equals(newImage) ? 'new' : bytes.equals(oldImage) ? 'old' : 'neither',
    fallback: record?.fallback?.reason,
  }
}

async function until(holds: () => boolean, stop: AbortSignal): Promise<void> {
  const end = Date.now() + 60_000
  while (!holds() && !stop.aborted) {
    if (Date.now() > end) throw new Error('not in time')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function updated(t: Test, { ended, digestOf, fallback }: Run): void {
  t.equal(digestOf, 'new', 'the new image, byte for byte')
  t.same(codes(ended), [], 'success is the hello’s to tell')
  t.match(ended.hellos.at(-1)?.components, [{ version: '2.0.0', digest: release.manifest.installedSha256 }])
  t.equal(fallback, undefined)
}

function rolledBack(t: Test, { ended, digestOf }: Run): void {
  t.equal(digestOf, 'old', 'the old image, byte for byte')
  t.same(codes(ended), ['UPD4_FAIL_40'], 'told once')
  t.match(ended.hellos.at(-1)?.components, [{ version: '1.0.0' }])
}

const offer = { kind: 'offer', operation: operationOne, lease: 1, attempt: 1, envelope: release.envelope } as const
const broker = await ScriptedBroker.open(
  t,
  (conversation, at) => {
    const arrived = conversation.hellos.at(-1)?.components[0]?.version === '2.0.0'
    return at === 'hello' && !arrived && codes(conversation).length === 0 ? offer : undefined
  },
  release,
)

const test = (sentence: string, run: (t: Test) => Promise<void>): void => {
  t.test(sentence, { buffered: true, timeout: 100_000 }, run)
}

const early = ['accepting', 'acknowledged', 'downloading', 'idle', 'installing', 'rebooting', 'verifying']
const savesOf = { good: [...early, 'confirming'], bad: [...early, 'confirming', 'rolling-back'] }

interface Row {
  readonly cut: 'before' | 'after' | 'never'
  /** Kinds of save that are cut at the other moment. */
  readonly turned: readonly string[]
  readonly healthy: boolean
}
const everySecond = (kinds: readonly string[]): readonly string[] => kinds.filter((_, index) => index % 2 === 1)
const [first, second] = seed % 2 === 0 ? (['before', 'after'] as const) : (['after', 'before'] as const)
const rows: readonly Row[] = long
  ? [true, false].flatMap(healthy => (['never', 'after', 'before'] as const).map(cut => ({ cut, turned: [], healthy })))
  : [
      { cut: 'never', turned: [], healthy: true },
      // The same kinds are cut at opposite moments: both happen to each.
      { cut: first, turned: everySecond(savesOf.good), healthy: true },
      { cut: second, turned: everySecond(savesOf.bad), healthy: false },
    ]
const wordsOf = ({ cut, turned }: Row): string => {
  if (cut === 'never') return cut
  return turned.length === 0 ? `${cut} each save` : `${cut} each save or, at ${turned.join(', ')}, the other way round`
}
for (const row of rows) {
  const { cut, healthy } = row
  test(`power cut ${wordsOf(row)}; the new image is ${healthy ? 'good' : 'unhealthy'}`, async t => {
    const run = await driven(t, broker, `${cut}-${healthy ? 'good' : 'bad'}`, row)
    if (healthy) updated(t, run)
    else rolledBack(t, run)
    const saves = cut === 'never' ? [] : savesOf[healthy ? 'good' : 'bad']
    t.same([...run.cuts].sort(), [...saves].sort(), 'each cut really fell')
  })
}
