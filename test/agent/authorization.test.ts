// Who is asked before an update: nobody, the maintenance window, programs of the device, one after the other.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HookAuthorization } from '../../agent/adapters/hooks-exec/hook-authorization.ts'
import { HookPrograms } from '../../agent/adapters/hooks-exec/hook-programs.ts'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import { AskedInTurn, alwaysAuthorized, MaintenanceWindow, onlyAbout } from '../../agent/authorization.ts'
import type { Answer, Authorization, UpdateRequest } from '../../agent/ports.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const never = new AbortController().signal
const request: UpdateRequest = {
  operation: 'o7',
  component: 'app',
  version: '2.0.0',
  installedVersion: '1.0.0',
  payloadBytes: 1234,
  priority: 5,
  vendorData: Buffer.from('for the vendor'),
}
const answering = (answer: Answer, asked: string[] = [], name = ''): Authorization => {
  const answered = async (): Promise<Answer> => {
    asked.push(name)
    return answer
  }
  return { download: answered, install: answered }
}

t.test(
  'outside of the window it is not now, until the window opens but no longer than the clock is believed',
  async t => {
    const windows = [{ days: [3], startMinute: 12 * 60, durationMinutes: 60 }] as const
    const settings = { windows, zone: 'utc', applies: 'install', overridePriority: 9 } as const
    const at = (time: string) => new MaintenanceWindow({ ...systemClock, wallMs: () => Date.parse(time) }, settings)
    // 2026-03-04 is a Wednesday.
    t.same(await at('2026-03-04T12:30:00Z').install(request), { kind: 'authorized' })
    const deferred = { kind: 'deferred', reason: 'maintenance-window' }
    t.same(await at('2026-03-04T11:59:00Z').install(request), { ...deferred, afterMs: 60_000 })
    t.same(await at('2026-03-04T13:00:00Z').install(request), { ...deferred, afterMs: 900_000 })
    t.same(await at('2026-03-04T13:00:00Z').download(request), { kind: 'authorized' })
    t.same(await at('2026-03-04T13:00:00Z').install({ ...request, priority: 9 }), { kind: 'authorized' })
  },
)

t.test('asked in turn: the first that does not authorize decides, the rest are not asked', async t => {
  const asked: string[] = []
  const rejected = { kind: 'rejected', reason: 'busy' } as const
  const turn = new AskedInTurn([
    answering({ kind: 'authorized' }, asked, 'one'),
    answering(rejected, asked, 'two'),
    answering({ kind: 'authorized' }, asked, 'three'),
  ])
  t.same(await turn.download(request, never), rejected)
  t.same(asked, ['one', 'two'])
  t.same(await new AskedInTurn([alwaysAuthorized]).install(request, never), { kind: 'authorized' })
  t.same(await onlyAbout('app', answering(rejected)).install(request, never), rejected)
  t.same(await onlyAbout('other', answering(rejected)).install(request, never), { kind: 'authorized' })
})

t.test('programs: what exit codes and the first line mean', async t => {
  const folder = join(t.testdir({}), 'hooks')
  mkdirSync(folder)
  const programs = new HookPrograms({ clock: systemClock, log }, { folder, timeoutMs: 500, environment: process.env })
  const hooks = new HookAuthorization(programs)
  const path = join(folder, 'install-authorize')
  t.same(await hooks.install(request, never), { kind: 'authorized' }, 'no program has nothing against it')
  const rows: readonly (readonly [script: string, answer: object])[] = [
    ['exit 0', { kind: 'authorized' }],
    ['exit 1', { kind: 'rejected', reason: 'exit-1' }],
    ['echo battery-low; exit 1', { kind: 'rejected', reason: 'battery-low' }],
    ['echo "A sentence, no word"; exit 2', { kind: 'rejected', reason: 'exit-2' }],
    ['exit 75', { kind: 'deferred', reason: 'install-authorize' }],
    ['echo 90; echo busy >&2; exit 75', { kind: 'deferred', reason: 'install-authorize', afterMs: 90_000 }],
    ['echo 0; exit 75', { kind: 'deferred', reason: 'install-authorize', afterMs: 1000 }],
    ['echo 999999999; exit 75', { kind: 'deferred', reason: 'install-authorize', afterMs: 86_400_000 }],
    ['echo soon; exit 75', { kind: 'deferred', reason: 'install-authorize' }],
    ['kill -9 $$', { kind: 'rejected', reason: 'signal-SIGKILL' }],
    ['sleep 60', { kind: 'rejected', reason: 'timeout' }],
    ['head -c 1000000 /dev/zero; exit 1', { kind: 'rejected', reason: 'exit-1' }],
  ]
  for (const [script, answer] of rows) {
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    t.same(await hooks.install(request, never), answer, script)
  }
  t.same(await hooks.download(request, never), { kind: 'authorized' }, 'each question has a program of its own')
  chmodSync(path, 0o644)
  t.same(await hooks.install(request, never), { kind: 'rejected', reason: 'not-started-EACCES' })
})

t.test('programs: a folder that is gone authorizes nothing', async t => {
  const folder = join(t.testdir({}), 'not-mounted')
  const programs = new HookPrograms({ clock: systemClock, log }, { folder, timeoutMs: 500, environment: process.env })
  const answer = await new HookAuthorization(programs).download(request, never)
  t.same(answer, { kind: 'rejected', reason: 'not-started-ENOENT' })
})

t.test('programs: what they are told, the vendor data on standard input', async t => {
  const folder = t.testdir({})
  const script = '#!/bin/sh\nenv | grep ^DROVER_ | sort > "$OUT"\ncat >> "$OUT"\n'
  writeFileSync(join(folder, 'download-authorize'), script, { mode: 0o755 })
  const environment = { ...process.env, OUT: join(folder, 'out') }
  const programs = new HookPrograms({ clock: systemClock, log }, { folder, timeoutMs: 5000, environment })
  await new HookAuthorization(programs).download(request, never)
  t.same(readFileSync(join(folder, 'out'), 'utf8').split('\n'), [
    'DROVER_COMPONENT=app',
    'DROVER_INSTALLED_VERSION=1.0.0',
    'DROVER_OPERATION=o7',
    'DROVER_PRIORITY=5',
    'DROVER_SIZE=1234',
    'DROVER_VERSION=2.0.0',
    'for the vendor',
  ])
  const gone = new AbortController()
  writeFileSync(join(folder, 'install-authorize'), '#!/bin/sh\ntouch "$OUT.begun"; sleep 60\n', { mode: 0o755 })
  const asked = new HookAuthorization(programs).install(request, gone.signal)
  while (!existsSync(join(folder, 'out.begun'))) await new Promise(resolve => setTimeout(resolve, 10))
  gone.abort()
  t.same(await asked, { kind: 'rejected', reason: 'killed' })
})
