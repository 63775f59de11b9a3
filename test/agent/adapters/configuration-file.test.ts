// The configuration as a real file: read, checked by a real program, replaced whole, and what a full or broken disk does.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ConfigurationFile, type ConfigurationFileSettings } from '../../../agent/adapters/configuration-file.ts'
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import { configurationBytesMax } from '../../../proto/limits.ts'

const never = new AbortController().signal
interface Opened {
  readonly configuration: ConfigurationFile
  readonly file: string
  readonly folder: string
  readonly logged: string[]
}
function opened(t: Test, content: string | undefined, changes: Partial<ConfigurationFileSettings> = {}): Opened {
  const folder = t.testdir({})
  const file = join(folder, 'app.json')
  if (content !== undefined) writeFileSync(file, content)
  const logged: string[] = []
  const note = (facts: object): void => {
    logged.push(JSON.stringify(facts))
  }
  const log = { debug: note, info: note, warn: note, error: note }
  const settings = { file, check: undefined, checkTimeoutMs: 10_000, secrets: [], environment: process.env, ...changes }
  return { configuration: new ConfigurationFile(systemDisk, systemClock, log, settings), file, folder, logged }
}

t.test('the file is read whole, its version is the time of its change; without a file there is none', async t => {
  const { configuration, file } = opened(t, '{"a":1}')
  const found = await configuration.read()
  t.equal(Buffer.from(found?.content ?? []).toString(), '{"a":1}')
  t.equal(found?.version, statSync(file).mtime.toISOString())
  t.equal(await opened(t, undefined).configuration.read(), undefined)
})

t.test('a file far beyond any message is not read, and a folder is none', async t => {
  const { configuration } = opened(t, 'x'.repeat(16 * configurationBytesMax + 1))
  await t.rejects(configuration.read(), { code: 'STORAGE_READ_FAILED', errno: 'EFBIG' })
  const { configuration: other, file } = opened(t, undefined)
  mkdirSync(file)
  await t.rejects(other.read(), { code: 'STORAGE_READ_FAILED', errno: 'EISDIR' })
})

t.test('it is replaced whole, the one before stays beside it, and who may read it stays so', async t => {
  const { configuration, file, folder } = opened(t, 'one')
  chmodSync(file, 0o640)
  await configuration.replace(Buffer.from('two'))
  t.equal(readFileSync(file, 'utf8'), 'two')
  t.equal(readFileSync(`${file}.previous`, 'utf8'), 'one')
  await configuration.replace(Buffer.from('three'))
  t.equal(readFileSync(`${file}.previous`, 'utf8'), 'two')
  t.strictSame(
    readdirSync(folder).map(name => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
    [
      ['app.json', '640'],
      ['app.json.previous', '640'],
    ],
    'and nothing else is left',
  )
  const { configuration: first, file: made } = opened(t, undefined)
  await first.replace(Buffer.from('first'))
  t.equal(readFileSync(made, 'utf8'), 'first')
  t.equal((statSync(made).mode & 0o777).toString(8), '600', 'a new one is nobody else’s to read')
})

t.test('what cannot be written is told as such, and the configuration stays', async t => {
  const { configuration, file } = opened(t, 'one')
  mkdirSync(`${file}.new`)
  await t.rejects(configuration.replace(Buffer.from('two')), { code: 'STORAGE_WRITE_FAILED', errno: 'EISDIR' })
  t.equal(readFileSync(file, 'utf8'), 'one')
})

t.test('the check of the integrator sees the candidate, and its exit code decides', async t => {
  const sh = (script: string): readonly string[] => ['/bin/sh', '-c', script]
  for (const [script, verdict] of [
    ['test "$(cat "$DROVER_CANDIDATE")" = two', { accepted: true }],
    ['exit 3', { accepted: false, reason: 'exit-3' }],
    ['kill -9 $$', { accepted: false, reason: 'signal-SIGKILL' }],
  ] as const) {
    const { configuration, file, folder } = opened(t, 'one', { check: sh(script) })
    t.strictSame(await configuration.check(Buffer.from('two'), never), verdict, script)
    t.equal(readFileSync(file, 'utf8'), 'one', 'a check changes nothing')
    t.strictSame(readdirSync(folder), ['app.json'], 'and leaves nothing')
  }
  const { configuration } = opened(t, 'one', { check: ['/does/not/exist'] })
  t.strictSame(await configuration.check(Buffer.from('two'), never), {
    accepted: false,
    reason: 'not-started-ENOENT',
  })
  const slow = opened(t, 'one', { check: sh('sleep 60'), checkTimeoutMs: 100 }).configuration
  t.strictSame(await slow.check(Buffer.from('two'), never), { accepted: false, reason: 'timeout' })
  t.strictSame(await opened(t, 'one').configuration.check(Buffer.from('two'), never), { accepted: true })
})

t.test('nothing of a configuration gets into the log, whatever the check prints', async t => {
  const { configuration, logged } = opened(t, '{}', { check: ['/bin/sh', '-c', 'cat "$DROVER_CANDIDATE" >&2; exit 1'] })
  await configuration.check(Buffer.from('{"password":"hunter2"}'), never)
  t.equal(logged.length, 1)
  t.match(logged[0], /configuration-refused/)
  t.notMatch(logged.join(), /hunter2/)
})

t.test('the candidate is for the eyes of the device alone', async t => {
  const folder = t.testdir({})
  const seen = join(folder, 'seen')
  const { configuration } = opened(t, '{}', { check: ['/bin/sh', '-c', `stat -c %a "$DROVER_CANDIDATE" > ${seen}`] })
  await configuration.check(Buffer.from('{}'), never)
  t.ok(existsSync(seen))
  t.equal(readFileSync(seen, 'utf8').trim(), '600')
})
