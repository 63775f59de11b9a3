// The example hooks of docs/examples/hooks, run as an integrator would run them: a package manager (the real dpkg in a root
// of its own), RAUC and SWUpdate (programs that behave as these are documented, with a boot loader that falls back).
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cwd } from 'node:process'
import t, { type Test } from 'tap'
import { HookInstaller } from '../../../../agent/adapters/hooks-exec/hook-installer.ts'
import { HookPrograms } from '../../../../agent/adapters/hooks-exec/hook-programs.ts'
import { SlotsFiles } from '../../../../agent/adapters/slots-files/slots-files.ts'
import { systemClock } from '../../../../agent/adapters/system-clock.ts'
import type { NewImage } from '../../../../agent/ports.ts'
import { componentFolder, imagePath, openComponent } from '../../../../agent/storage/slot-folder.ts'
import { quickDisk } from '../../../fixtures/quick-disk.ts'

const said: string[] = []
const log = { debug() {}, info() {}, warn: (facts: object) => void said.push(JSON.stringify(facts)), error() {} }
const never = new AbortController().signal
const examples = join(cwd(), 'docs/examples/hooks')

interface Device {
  open(bootId?: string): Promise<HookInstaller>
  /** Calls one hook as the agent would in the middle of an interrupted call. */
  repeat(hook: string, image: NewImage): number | null
}

async function device(
  t: Test,
  example: string,
  restart: 'none' | 'device',
  environment: NodeJS.ProcessEnv,
  factory = '/dev/null',
): Promise<Device> {
  const dataDir = join(t.testdirName, 'data')
  const component = componentFolder(dataDir, 'system')
  await openComponent(quickDisk, component, { version: '1.0.0', image: factory })
  const all = { ...process.env, ...environment }
  return {
    open: async (bootId = 'first') => {
      const folder = join(examples, example)
      const programs = new HookPrograms({ clock: systemClock, log }, { folder, timeoutMs: 30_000, environment: all })
      const slots = { component: 'system', dataDir, restart: 'none', storageBytesMax: undefined } as const
      const staging = new SlotsFiles(quickDisk, { ...slots, runningSlot: undefined })
      const notePath = join(component, 'hooks.json')
      const settings = { restart, notePath, imagePath: (slot: 'a' | 'b') => imagePath(component, slot), bootId }
      const parts = { disk: quickDisk, log, programs, staging }
      const installer = await HookInstaller.open(parts, { ...settings, stop: never })
      t.teardown(() => installer.close())
      return installer
    },
    repeat: (hook, image) => {
      const words = { DROVER_SHA256: image.digest, DROVER_CANDIDATE: imagePath(component, 'b'), DROVER_REPEATED: '1' }
      const previous = { DROVER_PREVIOUS: imagePath(component, 'a') }
      return spawnSync(join(examples, example, hook), { env: { ...all, ...words, ...previous } }).status
    },
  }
}

async function installed(installer: HookInstaller, version: string, bytes: Buffer): Promise<NewImage> {
  const digest = createHash('sha256').update(bytes).digest('hex')
  const image = { version, digest, sizeBytes: bytes.length }
  const candidate = await installer.openCandidate(bytes.length)
  await candidate.write(0, bytes)
  await candidate.close()
  await installer.install(image, 3)
  return image
}

function program(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), `#!/bin/sh\n${text}`, { mode: 0o755 })
}

t.test('dpkg: installed, verified, upgraded, and taken back to the package before or to none', async t => {
  const root = t.testdir({ root: { var: { lib: { dpkg: { status: '', info: {}, updates: {} } } } } })
  if (spawnSync('dpkg', ['--version']).status !== 0) {
    t.pass('NOT PROVED HERE: there is no dpkg', { skip: true })
    return
  }
  const target = join(root, 'root')
  const environment = { DROVER_DPKG_ROOT: target }
  const made = await device(t, 'dpkg', 'none', environment)
  const sensor = join(target, 'usr/share/sensor')
  const debOf = (version: string): Buffer => {
    const folder = join(root, `deb-${version}`)
    mkdirSync(join(folder, 'DEBIAN'), { recursive: true })
    mkdirSync(join(folder, 'usr/share'), { recursive: true })
    const control = [
      'Package: sensor',
      `Version: ${version}`,
      'Architecture: all',
      'Maintainer: nobody <n@example.org>',
    ]
    writeFileSync(join(folder, 'DEBIAN/control'), `${[...control, 'Description: a trial'].join('\n')}\n`)
    writeFileSync(join(folder, 'usr/share/sensor'), version)
    const file = join(root, `${version}.deb`)
    execFileSync('dpkg-deb', ['--root-owner-group', '--build', folder, file], { stdio: 'ignore' })
    return readFileSync(file)
  }
  const first = await made.open()
  const two = await installed(first, '2.0.0', debOf('2.0.0'))
  t.same(await first.verify(never), { healthy: true })
  t.equal(readFileSync(sensor, 'utf8'), '2.0.0')
  t.equal(made.repeat('install', two), 0, 'installing may be repeated')
  await first.rollBack(two, 'unhealthy')
  t.notOk(existsSync(sensor), 'there was none before')
  t.equal(made.repeat('rollback', two), 0, 'rolling back too')

  await installed(first, '2.0.0', debOf('2.0.0'))
  await first.commit()
  const three = await installed(first, '3.0.0', debOf('3.0.0'))
  t.equal(readFileSync(sensor, 'utf8'), '3.0.0')
  t.same(await first.verify(never), { healthy: true })
  await first.rollBack(three, 'unhealthy')
  t.equal(readFileSync(sensor, 'utf8'), '2.0.0', 'the package before')
  t.match(await first.status(), { active: { version: '2.0.0' } })
  await t.rejects(installed(first, '4.0.0', Buffer.from('no package')), {
    code: 'INSTALL_FAILED',
    reason: 'no-package',
  })
})

t.test('dpkg: its lock in other hands is no failure, and asked again', async t => {
  const root = t.testdir({})
  const bin = join(root, 'bin')
  program(
    bin,
    'dpkg',
    `[ "$1" = --configure ] || [ -e "${root}/asked" ] || { touch "${root}/asked"; echo "dpkg: error: dpkg frontend lock was locked by another process with pid 7" >&2; exit 2; }\n`,
  )
  program(bin, 'dpkg-deb', 'echo sensor\n')
  const made = await device(t, 'dpkg', 'none', { PATH: `${bin}:${process.env.PATH}` })
  await made.open()
  const digest = '0'.repeat(64)
  t.equal(made.repeat('install', { version: '2.0.0', digest, sizeBytes: 1 }), 75)
  t.equal(made.repeat('install', { version: '2.0.0', digest, sizeBytes: 1 }), 0)
})

/** RAUC as it is documented: two slots A and B, one of them primary; a slot that is bad is not started. */
const fakeRauc = (folder: string): string => `cd '${folder}'
booted=$(cat booted)
case $booted in A) other=B;; *) other=A;; esac
named() { case $1 in booted) echo "$booted";; other) echo "$other";; *) exit 1;; esac; }
case "$1 \${2:-}" in
  "status --output-format=shell") printf "RAUC_SYSTEM_COMPATIBLE='trial'\\nRAUC_SYSTEM_BOOTED_BOOTNAME='%s'\\nRAUC_BOOT_PRIMARY='rootfs.0'\\n" "$booted";;
  "status mark-good") echo good > "$(named "$3").state";;
  "status mark-bad") echo bad > "$(named "$3").state";;
  "status mark-active") named "$3" > primary; echo good > "$(named "$3").state";;
  install\\ *.raucb) [ ! -e refuse ] || exit 1; echo "$booted" >> installs; cat "$2" > "$other"; echo good > "$other.state"; echo "$other" > primary;;
  *) exit 64;;
esac
`

t.test('RAUC: started, marked good; marked bad and the old slot active when it is not sound', async t => {
  const root = t.testdir({ rauc: { booted: 'A', primary: 'A', A: 'old system', B: '' } })
  const folder = join(root, 'rauc')
  program(join(root, 'bin'), 'rauc', fakeRauc(folder))
  const environment = { PATH: `${root}/bin:${process.env.PATH}`, DROVER_RAUC_STATE: join(root, 'state') }
  const made = await device(t, 'rauc', 'device', environment)
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8').trim()
  const boot = (): void => {
    const primary = file('primary')
    const state = existsSync(join(folder, `${primary}.state`)) ? file(`${primary}.state`) : 'good'
    writeFileSync(join(folder, 'booted'), state === 'good' ? primary : primary === 'A' ? 'B' : 'A')
  }
  const first = await made.open('boot 1')
  const two = await installed(first, '2.0.0', Buffer.from('new system'))
  t.match({ B: file('B'), primary: file('primary') }, { B: 'new system', primary: 'B' })
  t.same(await first.verify(never), { healthy: false, reason: 'verify-old-system' })
  boot()
  const second = await made.open('boot 2')
  t.same(await second.verify(never), { healthy: true })
  t.equal(made.repeat('install', two), 0)
  t.equal(file('installs'), 'A', 'a repeat after the restart does not write over the old system')
  await second.commit()
  t.equal(file('B.state'), 'good')

  const three = await installed(second, '3.0.0', Buffer.from('a bad system'))
  boot()
  t.equal(file('booted'), 'A')
  const third = await made.open('boot 3')
  await third.rollBack(three, 'unhealthy')
  t.match({ A: file('A.state'), primary: file('primary') }, { A: 'bad', primary: 'B' })
  t.equal(made.repeat('rollback', three), 0)
  t.match({ A: file('A.state'), primary: file('primary') }, { A: 'bad', primary: 'B' }, 'a repeat changes nothing')
  boot()
  t.equal(file(file('booted')), 'new system')
  t.match(await (await made.open('boot 4')).status(), { running: 'b', active: { version: '2.0.0' } })
  writeFileSync(join(folder, 'refuse'), '')
  await t.rejects(installed(await made.open('boot 4'), '4.0.0', Buffer.from('x')), {
    code: 'INSTALL_FAILED',
    reason: 'rauc-install',
  })
})

t.test('SWUpdate: the other copy is tried, committed, or left again', async t => {
  const root = t.testdir({ device: { a: 'old system', b: '', environment: 'boot_slot=a\nupgrade_available=0\n' } })
  const folder = join(root, 'device')
  const commandLine = join(folder, 'cmdline')
  writeFileSync(commandLine, 'quiet boot_slot=a\n')
  const bin = join(root, 'bin')
  program(bin, 'fw_printenv', `[ "$1" = -n ] || exit 64\ngrep "^$2=" '${folder}/environment' | cut -d= -f2- | grep .\n`)
  program(
    bin,
    'fw_setenv',
    `cd '${folder}'; grep -v "^$1=" environment > new; [ -z "\${2:-}" ] || echo "$1=$2" >> new; mv new environment\n`,
  )
  program(
    bin,
    'swupdate',
    `[ "$1 $3" = "-e -i" ] || exit 64
[ ! -e '${folder}/refuse' ] || exit 1
copy=\${2#stable,copy-}
echo "$copy" >> '${folder}/installs'
cat "$4" > '${folder}/'"$copy"
fw_setenv boot_slot "$copy"; fw_setenv upgrade_available 1; fw_setenv bootcount 0
`,
  )
  const environment = { PATH: `${bin}:${process.env.PATH}`, DROVER_COMMAND_LINE: commandLine }
  const made = await device(t, 'swupdate', 'device', environment)
  const values = (): Record<string, string> =>
    Object.fromEntries(
      readFileSync(join(folder, 'environment'), 'utf8')
        .trim()
        .split('\n')
        .map(line => line.split('=') as [string, string]),
    )
  const boot = (fallen = false): void => {
    const { boot_slot: slot } = values()
    const started = fallen ? (slot === 'a' ? 'b' : 'a') : slot
    writeFileSync(commandLine, `quiet boot_slot=${started}\n`)
  }
  const first = await made.open('boot 1')
  const two = await installed(first, '2.0.0', Buffer.from('new system'))
  t.match(values(), { boot_slot: 'b', upgrade_available: '1', drover_before: 'a' })
  t.same(await first.verify(never), { healthy: false, reason: 'verify-old-system' })
  boot()
  const second = await made.open('boot 2')
  t.same(await second.verify(never), { healthy: true })
  t.equal(made.repeat('install', two), 0)
  t.equal(readFileSync(join(folder, 'installs'), 'utf8'), 'b\n', 'a repeat does not write over the old system')
  await second.commit()
  t.same(values(), { boot_slot: 'b', upgrade_available: '0', bootcount: '0' })

  const three = await installed(second, '3.0.0', Buffer.from('a bad system'))
  boot(true)
  const third = await made.open('boot 3')
  t.same(await third.verify(never), { healthy: false, reason: 'verify-old-system' }, 'the boot loader fell back')
  await third.rollBack(three, 'verify-old-system')
  t.same(values(), { boot_slot: 'b', upgrade_available: '0', bootcount: '0' })
  t.equal(made.repeat('rollback', three), 0)
  t.same(values(), { boot_slot: 'b', upgrade_available: '0', bootcount: '0' }, 'a repeat changes nothing')

  const four = await installed(await made.open('boot 3'), '4.0.0', Buffer.from('another one'))
  boot()
  const fourth = await made.open('boot 4')
  await fourth.rollBack(four, 'unhealthy')
  t.equal(values().boot_slot, 'b', 'away from the copy that runs')
  t.equal(made.repeat('rollback', four), 0)
  t.equal(values().boot_slot, 'b')
  writeFileSync(join(folder, 'refuse'), '')
  boot()
  await t.rejects(installed(await made.open('boot 5'), '5.0.0', Buffer.from('x')), {
    code: 'INSTALL_FAILED',
    reason: 'swupdate',
  })
})
