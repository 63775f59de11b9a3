// boot as a real process with shell scripts for images: what it starts, how often, and what it does when it is killed.
// DROVER_LONG=1 kills it at every step of its file work; else at one of every two, by the seed.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { systemDisk } from '../../agent/adapters/system-disk.ts'
import {
  imagePath,
  openComponent,
  readSlotRecord,
  recordPath,
  writeSlotRecord,
} from '../../agent/storage/slot-folder.ts'
import { commit, encodeSlotRecord, installTrial, type SlotRecord } from '../../agent/storage/slot-record.ts'
import { bareNode, eachCase, long, seed } from '../fixtures/cases.ts'

const bootFile = fileURLToPath(new URL('../../agent/boot.js', import.meta.url))
const killedAt = new URL('./programs/killed-at.js', import.meta.url).href

/** Says its name in `log`, then does `rest`; ends with boot, because the pipe 3 does. */
const script = (folder: string, name: string, rest: string): string =>
  `#!/bin/sh\necho "${name} $DROVER_SLOT" >> ${folder}/log\n${rest}\n`
const untilBootEnds = 'exec cat <&3 > /dev/null'

/** Most of the time of these tests is waiting for processes. */
t.jobs = 3
// Some sixty processes, and machines are busy.
t.setTimeout(110_000)
t.comment(`DROVER_SEED=${seed}`)
const test = (sentence: string, run: (t: Test) => Promise<void>): void => {
  t.test(sentence, { buffered: true, timeout: 100_000 }, run)
}

interface Device {
  readonly data: string
  readonly config: string
  /** components/app */
  readonly folder: string
  /** Lines the images said. */
  said(): readonly string[]
  record(): Promise<SlotRecord>
}

/** In the folder of the test itself unless `data` is another. */
function device(t: Test, settings: object = {}, initial = untilBootEnds, data = t.testdir({})): Device {
  const config = join(data, 'agent.json')
  writeFileSync(join(data, 'factory'), script(data, 'one', initial))
  const required = {
    deviceId: 'd1',
    url: 'mqtt://127.0.0.1:1',
    vendorId: '00'.repeat(16),
    classId: '00'.repeat(16),
    dataDir: 'data',
    trustFile: 'trust',
    components: [{ name: 'app', version: '1.0.0', image: 'factory', reboot: true }],
  }
  writeFileSync(config, JSON.stringify({ ...required, ...settings }))
  const folder = join(data, 'data/components/app')
  return {
    data,
    config,
    folder,
    said: () => lines(join(data, 'log')),
    async record() {
      const record = await readSlotRecord(systemDisk, folder)
      if (record === undefined) throw new Error('no record')
      return record
    },
  }
}

/** A device that was started before and has a second image on trial. */
async function onTrial(t: Test, image: string, settings: object = {}, starts = 3, data?: string): Promise<Device> {
  const made = device(t, settings, undefined, data)
  const first = await openComponent(systemDisk, made.folder, { version: '1.0.0', image: join(made.data, 'factory') })
  mkdirSync(join(made.folder, 'b'))
  writeFileSync(imagePath(made.folder, 'b'), script(made.data, 'two', image))
  await writeSlotRecord(
    systemDisk,
    made.folder,
    installTrial(first, { version: '2.0.0', digest: '22'.repeat(32), size: 1 }, starts),
  )
  return made
}

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly stderr: string }>
}

function boot(t: Test, config: string): Running {
  return started(t, process.execPath, [bootFile, '--config', config], process.env)
}

/** Without the step number it runs on. */
function bootToKill(t: Test, config: string, killAt?: number): Running {
  const options = killAt === undefined ? [] : ['--import', killedAt]
  const [command, parameters] = bareNode([...options, bootFile, '--config', config])
  return started(t, command, parameters, { ...process.env, KILL_AT: String(killAt) })
}

function started(t: Test, command: string, parameters: readonly string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'], env })
  let stderr = ''
  child.stderr?.on('data', bytes => {
    stderr += bytes
  })
  const ended = new Promise<Awaited<Running['ended']>>(resolve => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr }))
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, ended }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 15))
  }
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  } catch {
    // Nothing was said yet.
    return []
  }
}

test('the first start places the initial image and starts it with what an agent needs to know', async t => {
  const { data, config, said, record } = device(t, {}, `env > ${t.testdirName}/env; ${untilBootEnds}`)
  const { child, ended } = boot(t, config)
  await until('image started', () => lines(join(data, 'env')).length > 0 && said().length > 0)
  t.match(await record(), { sequence: 1, active: 'a', trial: null })
  t.same(said(), ['one a'])
  const environment = lines(join(data, 'env'))
  for (const wanted of [
    `DROVER_NODE=${process.execPath}`,
    `DROVER_AGENT=${join(dirname(bootFile), 'main.js')}`,
    `DROVER_CONFIG=${config}`,
    'DROVER_SLOT=a',
    'DROVER_PARENT_FD=3',
  ])
    t.ok(environment.includes(wanted), wanted)
  const second = await boot(t, config).ended
  t.match(second, { code: 3, stderr: /another drover-agent runs on/ }, 'one boot a folder')
  child.kill('SIGTERM')
  t.match(await ended, { code: 0 })
})

test('SIGTERM ends the child in order, then boot', async t => {
  const image = (log: string): string =>
    `trap 'echo ended >> ${log}; exit 0' TERM\necho ready >> ${log}\nwhile :; do sleep 0.05; done`
  const { config, said } = device(t, {}, image(`${t.testdirName}/log`))
  const { child, ended } = boot(t, config)
  await until('image ready', () => said().includes('ready'))
  child.kill('SIGTERM')
  t.match(await ended, { code: 0 })
  t.same(said(), ['one a', 'ready', 'ended'])
})

test('a trial that keeps crashing gets its starts and no more, then the old image comes back', async t => {
  const { config, said, record } = await onTrial(t, 'exit 1')
  boot(t, config)
  await until('fallen back', () => said().includes('one a'))
  t.same(said(), ['two b', 'two b', 'two b', 'one a'])
  t.match(await record(), { active: 'a', trial: null, fallback: { slot: 'b', reason: 'starts-used-up' } })
})

test('a start is counted before the image runs, so that one that takes the machine down was counted', async t => {
  const { config, folder, said } = await onTrial(
    t,
    `cp ${t.testdirName}/data/components/app/record.json ${t.testdirName}/seen; exit 1`,
    {},
    1,
  )
  boot(t, config)
  await until('fallen back', () => said().includes('one a'))
  t.match(readFileSync(join(folder, '../../../seen'), 'utf8'), /"startsLeft": 0/)
})

test('an image that cannot be started at all counts like one that crashes', async t => {
  const { config, folder, said, record } = await onTrial(t, '', {}, 2)
  writeFileSync(imagePath(folder, 'b'), '#!/does/not/exist\n')
  boot(t, config)
  await until('fallen back', () => said().includes('one a'))
  t.same(said(), ['one a'])
  t.match(await record(), { fallback: { slot: 'b', reason: 'starts-used-up' } })
})

test('a trial that hangs is killed by the watchdog, with all it started', async t => {
  const { config, said, record } = await onTrial(t, `(sleep 1; echo late >> ${t.testdirName}/log) & sleep 600`, {
    watchdog: { confirmTimeoutMs: 300 },
  })
  boot(t, config)
  await until('fallen back', () => said().includes('one a'))
  t.same(said(), ['two b', 'one a'])
  t.match(await record(), { active: 'a', trial: null, fallback: { slot: 'b', reason: 'watchdog' } })
  await new Promise(resolve => setTimeout(resolve, 1200))
  t.notOk(said().includes('late'), 'its own child is gone too')
})

test('a trial that was committed is left alone by the watchdog', async t => {
  const { config, folder, said, record } = await onTrial(t, untilBootEnds, { watchdog: { confirmTimeoutMs: 400 } })
  const { child } = boot(t, config)
  await until('started', () => said().length === 1)
  await writeSlotRecord(systemDisk, folder, commit(await record()))
  await new Promise(resolve => setTimeout(resolve, 700))
  t.equal(child.exitCode, null)
  t.same(said(), ['two b'])
  t.match(await record(), { active: 'b', trial: null, fallback: null })
})

test('a child that changed the record is started anew at once, others after a growing delay', async t => {
  const { config, data, said, record } = await onTrial(
    t,
    `cp ${t.testdirName}/next ${t.testdirName}/data/components/app/record.json; exit 0`,
  )
  writeFileSync(join(data, 'next'), encodeSlotRecord(commit({ ...(await record()), sequence: 90 })))
  const { ended, child } = boot(t, config)
  await until('three starts', () => said().length === 3)
  child.kill('SIGTERM')
  const { stderr } = await ended
  const events = stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(({ event }) => event !== 'stopping')
    .map(({ event, delayMs, slot }) => ({ event, ...(delayMs && { delayMs }), ...(slot && { slot }) }))
  t.same(events.slice(0, 5), [
    { event: 'starting', slot: 'b' },
    { event: 'restarting' },
    { event: 'starting', slot: 'b' },
    { event: 'image-ended', delayMs: 250 },
    { event: 'starting', slot: 'b' },
  ])
})

test('a record that cannot be believed stops boot with words, and nothing is started or written', async t => {
  const { config, folder, said } = await onTrial(t, untilBootEnds)
  const torn = readFileSync(recordPath(folder), 'utf8').replace('"active": "a"', '"active": "b"')
  writeFileSync(recordPath(folder), torn)
  const { code, stderr } = await boot(t, config).ended
  t.equal(code, 3)
  t.match(stderr, /slot record .*record\.json: the checksum does not fit.*Nothing was started/)
  t.notMatch(stderr, /\n +at /, 'no stack for a thing a person has to repair')
  t.same(said(), [])
  t.equal(readFileSync(recordPath(folder), 'utf8'), torn)
})

test('what is wrong with arguments and configuration is told with exit code 2', async t => {
  const { data, config } = device(t)
  const run = async (...parameters: string[]) => {
    const child = spawn(process.execPath, [bootFile, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', bytes => (text += bytes))
    const code = await new Promise<number | null>(resolve => child.once('close', resolve))
    return { code, text }
  }
  writeFileSync(join(data, 'wrong.json'), '{"deviceId": "d1"}')
  writeFileSync(join(data, 'no-image.json'), readFileSync(config, 'utf8').replace('"factory"', '"nowhere"'))
  const [none, odd, wrong, noImage, help] = await Promise.all([
    run(),
    run('--confg', 'x'),
    run('--config', join(data, 'wrong.json')),
    run('--config', join(data, 'no-image.json')),
    run('--help'),
  ])
  t.match(none, { code: 2, text: /expected --config agent\.json/ })
  t.match(odd, { code: 2, text: /--confg/ })
  t.match(wrong, { code: 2, text: /url: required[\s\S]*components: required/ })
  t.match(noImage, { code: 2, text: /initial image of app: .*nowhere cannot be read \(ENOENT\)/ })
  t.match(help, { code: 0, text: /windowBytes/ })
})

for (const { name, steps, make } of [
  { name: 'its first start', steps: 13, make: async (t: Test, data: string) => device(t, {}, untilBootEnds, data) },
  {
    name: 'counting a start and falling back',
    steps: 13,
    make: (t: Test, data: string) => onTrial(t, 'exit 1', {}, 1, data),
  },
])
  test(`boot killed at any step of ${name}: the next one starts a whole image`, async t => {
    const root = t.testdir({})
    const every = Array.from({ length: steps }, (_, index) => index + 1)
    const killAt = long ? every : every.filter(step => step % 2 === seed % 2)
    await eachCase([...killAt, steps + 1], 3, async step => {
      const made = await make(t, mkdtempSync(join(root, `${step}-`)))
      const first = bootToKill(t, made.config, step)
      const how = await Promise.race([
        first.ended.then(({ signal }) => signal),
        until('image', () => made.said().includes('one a')).then(() => 'came through'),
      ])
      t.equal(how, step > steps ? 'came through' : 'SIGKILL', `step ${step} of ${steps}`)
      if (how !== 'SIGKILL') {
        first.child.kill('SIGKILL')
        await first.ended
        return
      }
      const second = bootToKill(t, made.config)
      await until(`image after a kill at step ${step}`, () => made.said().at(-1) === 'one a')
      t.match(await made.record(), { active: 'a', trial: null }, `step ${step}`)
      second.child.kill('SIGKILL')
      await second.ended
    })
    t.comment(`${killAt.length} kills`)
  })

test('nothing that boot imports needs a package', async t => {
  const seen = new Set<string>()
  const packages: string[] = []
  const walk = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^'\n]+)'/g))
      if (specifier.startsWith('.')) walk(join(dirname(file), specifier))
      else if (!specifier.startsWith('node:') || !builtinModules.includes(specifier.slice(5))) packages.push(specifier)
  }
  walk(bootFile)
  t.same(packages, [])
  t.ok(seen.size >= 6, 'the walk really walked')
})
