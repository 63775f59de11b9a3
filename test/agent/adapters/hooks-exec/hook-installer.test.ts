// Hooks as real shell scripts: the suite of all installers over them, without a restart and with one of the whole device,
// and the contract: what they are told, how often they are called, what their exit codes mean.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { HookInstaller } from '../../../../agent/adapters/hooks-exec/hook-installer.ts'
import { type HookName, HookPrograms, hookProblems } from '../../../../agent/adapters/hooks-exec/hook-programs.ts'
import { SlotsFiles } from '../../../../agent/adapters/slots-files/slots-files.ts'
import { systemClock } from '../../../../agent/adapters/system-clock.ts'
import type { Disk } from '../../../../agent/ports.ts'
import { componentFolder, imagePath, openComponent } from '../../../../agent/storage/slot-folder.ts'
import { quickDisk } from '../../../fixtures/quick-disk.ts'
import {
  factoryImage,
  factoryVersion,
  type InstallerUnderTest,
  imageOf,
  installerSuite,
} from '../../../suites/installer.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const next = imageOf('2.0.0', 'next ')
const never = new AbortController().signal

/** The device runs the content of `live`; with a restart, `next` becomes it when the device starts. */
const hooks = {
  none: {
    install: 'cp "$DROVER_CANDIDATE" "$ROOT/live.new" && mv "$ROOT/live.new" "$ROOT/live"',
    rollback: 'cp "$DROVER_PREVIOUS" "$ROOT/live.new" && mv "$ROOT/live.new" "$ROOT/live"',
  },
  device: {
    install: 'cp "$DROVER_CANDIDATE" "$ROOT/next.new" && mv "$ROOT/next.new" "$ROOT/next"',
    rollback: 'cp "$DROVER_PREVIOUS" "$ROOT/next.new" && mv "$ROOT/next.new" "$ROOT/next"',
  },
} as const

interface Device extends InstallerUnderTest {
  readonly root: string
  open(disk?: Disk): Promise<HookInstaller>
  /** Another text for a program; undefined removes it. */
  program(name: HookName, text: string | undefined): void
  /** One line for each call: name, then the words it was told. */
  calls(): readonly string[]
}

async function deviceIn(
  root: string,
  restart: 'none' | 'device',
  { timeoutMs = 20_000, stop = never }: { timeoutMs?: number; stop?: AbortSignal } = {},
): Promise<Device> {
  const dataDir = join(root, 'data')
  const folder = join(root, 'hooks')
  mkdirSync(folder, { recursive: true })
  const [live, factory, calls] = [join(root, 'live'), join(root, 'factory'), join(root, 'calls')]
  for (const path of [live, factory]) writeFileSync(path, factoryImage)
  const component = componentFolder(dataDir, 'app')
  await openComponent(quickDisk, component, { version: factoryVersion, image: factory })
  let boots = 1
  const program = (name: HookName, text: string | undefined): void => {
    const told = `echo "${name} \${DROVER_VERSION} \${DROVER_REPEATED:-first} \${DROVER_REASON:--}" >> "$ROOT/calls"`
    if (text === undefined) rmSync(join(folder, name))
    else writeFileSync(join(folder, name), `#!/bin/sh\n${told}\n${text}\n`, { mode: 0o755 })
  }
  for (const name of ['install', 'rollback'] as const) program(name, hooks[restart][name])
  return {
    root,
    program,
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),
    open: (disk = quickDisk) => {
      const environment = { ...process.env, ROOT: root }
      const programs = new HookPrograms({ clock: systemClock, log }, { folder, timeoutMs, environment })
      const slots = { component: 'app', dataDir, restart: 'none', storageBytesMax: undefined } as const
      const staging = new SlotsFiles(disk, { ...slots, runningSlot: undefined })
      const notePath = join(component, 'hooks.json')
      const bootId = `boot-${boots}`
      const settings = { restart, notePath, imagePath: (slot: 'a' | 'b') => imagePath(component, slot), bootId, stop }
      return HookInstaller.open({ disk, log, programs, staging }, settings)
    },
    restart: async () => {
      if (restart === 'none') return
      boots += 1
      if (existsSync(join(root, 'next'))) renameSync(join(root, 'next'), live)
    },
    seen: async length => readFileSync(live).subarray(0, length),
  }
}

let devices = 0
const fresh = (t: Test): string => {
  devices += 1
  return join(t.testdirName, String(devices))
}

async function place(installer: HookInstaller, image = next): Promise<void> {
  const candidate = await installer.openCandidate(image.bytes.length)
  await candidate.write(0, image.bytes)
  await candidate.sync()
  await candidate.close()
}

async function opened(t: Test, device: Device): Promise<HookInstaller> {
  const installer = await device.open()
  t.teardown(() => installer.close())
  return installer
}

for (const restart of ['none', 'device'] as const)
  t.test(`as every installer, restart ${restart}`, async t => {
    t.testdir({})
    installerSuite(t, () => deviceIn(fresh(t), restart))
  })

t.test('every program is called once, in this order, and not again for what is done', async t => {
  const device = await deviceIn(t.testdir({}), 'device')
  for (const name of ['verify', 'commit'] as const) device.program(name, 'exit 0')
  const first = await opened(t, device)
  await place(first)
  await first.install({ ...next.named, operation: 'o7' }, 3)
  await first.install({ ...next.named, operation: 'o7' }, 3)
  await device.restart()
  const second = await opened(t, device)
  t.same(await second.verify(never), { healthy: true })
  await second.commit()
  await second.commit()
  t.same(device.calls(), ['install 2.0.0 first -', 'verify 2.0.0 first -', 'commit 2.0.0 first -'])
})

t.test('the words of the contract', async t => {
  const root = t.testdir({})
  const device = await deviceIn(root, 'none')
  device.program('install', 'env | grep ^DROVER_ | sort > "$ROOT/words"')
  const installer = await opened(t, device)
  await place(installer)
  await installer.install({ ...next.named, operation: 'o7' }, 3)
  const component = componentFolder(join(root, 'data'), 'app')
  t.same(readFileSync(join(root, 'words'), 'utf8').trim().split('\n'), [
    `DROVER_CANDIDATE=${imagePath(component, 'b')}`,
    'DROVER_COMPONENT=app',
    `DROVER_INSTALLED_VERSION=${factoryVersion}`,
    'DROVER_OPERATION=o7',
    `DROVER_PREVIOUS=${imagePath(component, 'a')}`,
    'DROVER_RESTART=none',
    `DROVER_SHA256=${next.named.digest}`,
    `DROVER_SIZE=${next.bytes.length}`,
    'DROVER_VERSION=2.0.0',
  ])
})

t.test('an install that fails is told with its word, and taken back by rollback', async t => {
  const rows: readonly (readonly [script: string, reason: string])[] = [
    ['exit 3', 'exit-3'],
    ['echo no-space; echo more; exit 1', 'no-space'],
    ['echo "Not A Word!"; exit 1', 'exit-1'],
    ['echo no-space >&2; exit 1', 'exit-1'],
    ['kill -9 $$', 'signal-SIGKILL'],
  ]
  t.testdir({})
  for (const [script, reason] of rows) {
    const device = await deviceIn(fresh(t), 'none')
    device.program('install', script)
    const installer = await opened(t, device)
    await place(installer)
    await t.rejects(installer.install(next.named, 3), { code: 'INSTALL_FAILED', reason }, script)
    await installer.rollBack(next.named, reason)
    t.same(device.calls(), ['install 2.0.0 first -', `rollback 2.0.0 first ${reason}`])
    t.match(await installer.status(), { active: { version: factoryVersion }, fallback: { reason } })
  }
})

t.test('not now is asked again after the seconds it named, as long as the time limit lasts', async t => {
  t.testdir({})
  const busy = '[ -e "$ROOT/busy" ] || { touch "$ROOT/busy"; echo 1; exit 75; }'
  const device = await deviceIn(fresh(t), 'none')
  device.program('install', `${busy}\n${hooks.none.install}`)
  const installer = await opened(t, device)
  await place(installer)
  await installer.install(next.named, 3)
  t.equal(device.calls().length, 2)
  const impatient = await deviceIn(fresh(t), 'none', { timeoutMs: 900 })
  impatient.program('install', 'echo 1; exit 75')
  const second = await opened(t, impatient)
  await place(second)
  await t.rejects(second.install(next.named, 3), { code: 'INSTALL_FAILED', reason: 'timeout' })
})

t.test('past its time it is killed with all it started', async t => {
  const device = await deviceIn(t.testdir({}), 'none', { timeoutMs: 150 })
  device.program('install', '(sleep 0.8; touch "$ROOT/late") & sleep 60')
  const installer = await opened(t, device)
  await place(installer)
  await t.rejects(installer.install(next.named, 3), { code: 'INSTALL_FAILED', reason: 'timeout' })
  await new Promise(resolve => setTimeout(resolve, 1200))
  t.notOk(existsSync(join(device.root, 'late')))
})

t.test('when the agent ends in the middle the program is killed, and called again as a repeat', async t => {
  const stop = new AbortController()
  const root = t.testdir({})
  const device = await deviceIn(root, 'none', { stop: stop.signal })
  device.program('install', 'touch "$ROOT/begun"; sleep 60')
  const installer = await opened(t, device)
  await place(installer)
  const cut = t.rejects(installer.install(next.named, 3), { code: 'INSTALL_FAILED', reason: 'killed' })
  while (!existsSync(join(root, 'begun'))) await new Promise(resolve => setTimeout(resolve, 10))
  stop.abort()
  await cut
  const later = await deviceIn(root, 'none')
  t.equal((await (await opened(t, later)).status()).active.version, factoryVersion)
  const again = await opened(t, later)
  await again.install(next.named, 3)
  t.same(later.calls(), ['install 2.0.0 first -', 'install 2.0.0 1 -'])
  t.equal((await again.status()).active.version, '2.0.0')
})

t.test('verify and commit have a word, and what they refuse is taken back', async t => {
  t.testdir({})
  const device = await deviceIn(fresh(t), 'device')
  device.program('verify', 'echo no-network; exit 1')
  device.program('commit', 'exit 9')
  const first = await opened(t, device)
  await place(first)
  await first.install(next.named, 3)
  await t.rejects(first.commit(), { code: 'INSTALL_FAILED', reason: 'not-started' })
  await device.restart()
  const second = await opened(t, device)
  t.same(await second.verify(never), { healthy: false, reason: 'verify-no-network' })
  await t.rejects(second.commit(), { code: 'INSTALL_FAILED', reason: 'commit-exit-9' })
  await second.rollBack(next.named, 'verify-no-network')
  t.equal((await second.status()).running, 'b', 'it runs until the device restarts')
  await device.restart()
  t.match(await (await opened(t, device)).status(), { running: 'a', fallback: { reason: 'verify-no-network' } })
  t.equal(device.calls().filter(call => call.startsWith('rollback')).length, 1)
})

t.test('starts are counted once in each boot of the device; none left, and it is given up', async t => {
  const device = await deviceIn(t.testdir({}), 'device')
  const first = await opened(t, device)
  await place(first)
  await first.install(next.named, 2)
  for (const startsLeft of [1, 0]) {
    await device.restart()
    for (let starts = 0; starts < 3; starts += 1)
      t.match(await (await opened(t, device)).status(), { running: 'b', trial: { slot: 'b', startsLeft } })
  }
  await device.restart()
  const after = await opened(t, device)
  t.match(await after.status(), { running: 'b', trial: undefined, fallback: { reason: 'starts-used-up' } })
  await after.rollBack(next.named, 'starts-used-up')
  await device.restart()
  t.match(await (await opened(t, device)).status(), { running: 'a', active: { version: factoryVersion } })
})

t.test('a rollback that keeps failing ends, and the device no longer says what it runs', async t => {
  const device = await deviceIn(t.testdir({}), 'none')
  device.program('rollback', 'exit 4')
  const installer = await opened(t, device)
  await place(installer)
  await installer.install(next.named, 3)
  for (let time = 0; time < 4; time += 1)
    await t.rejects(installer.rollBack(next.named, 'unhealthy'), { code: 'INSTALL_FAILED', reason: 'rollback-exit-4' })
  await installer.rollBack(next.named, 'unhealthy')
  await installer.rollBack(next.named, 'unhealthy')
  t.equal(device.calls().filter(call => call.startsWith('rollback')).length, 5)
  await t.rejects(installer.hash('a'), { code: 'STORAGE_READ_FAILED', errno: 'ROLLBACK' })
  device.program('rollback', hooks.none.rollback)
  const third = imageOf('3.0.0', 'third ')
  await place(installer, third)
  await t.rejects(installer.hash('a'), { code: 'STORAGE_READ_FAILED', errno: 'ROLLBACK' })
  await installer.install(third.named, 3)
  t.match(await installer.hash('b'), { digest: third.named.digest }, 'until an image was installed')
})

t.test('a note that is not what was written stops the component, by name', async t => {
  const root = t.testdir({})
  const device = await deviceIn(root, 'none')
  const note = join(componentFolder(join(root, 'data'), 'app'), 'hooks.json')
  for (const text of ['{', '[]', 'null', '{"phase":"installed"}']) {
    writeFileSync(note, text)
    await t.rejects(device.open(), { code: 'STORED_THING_CORRUPT', message: /hooks\.json/ }, text)
  }
})

t.test('what hinders a hook is told before anything is downloaded', async t => {
  const folder = t.testdir({ install: '#!/bin/sh\n', rollback: {} })
  t.same(await hookProblems(folder, ['install', 'rollback', 'verify']), [
    `${folder}/install: cannot be run (EACCES)`,
    `${folder}/rollback: no file`,
    `${folder}/verify: cannot be run (ENOENT)`,
  ])
  t.same(await hookProblems(`${folder}/none`, ['install']), [`${folder}/none: no folder that can be read`])
})
