// The settings of a device: what is accepted, and that all problems are told at once, each with the name of the field.
import t from 'tap'
import { ConfigError, configHelp, parseConfig, readConfig, readPassword } from '../../../agent/settings/config.ts'

const least = {
  deviceId: 'sensor-1',
  url: 'mqtt://broker.example:1884',
  vendorId: 'AA'.repeat(16),
  classId: 'bb'.repeat(16),
  dataDir: 'data',
  trustFile: 'trust.bin',
  components: [{ name: 'app', version: '1.0.0', image: 'images/app', reboot: true }],
}
const file = { name: 'f', version: '1.0.0', installer: 'file', file: '/f' }
const hooks = { name: 'h', version: '1.0.0', installer: 'hooks', folder: '/h' }
const partitions = { name: 'p', version: '1.0.0', installer: 'partitions', a: '/dev/a', b: '/dev/b' }
const bundle = { name: 'all', version: '1.0.0', installer: 'package', members: ['f'] }
const parsed = (changes: object = {}) => parseConfig(JSON.stringify({ ...least, ...changes }), '/etc/drover/agent.json')
const problems = (changes: object): readonly string[] => {
  try {
    parsed(changes)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

t.test('the required settings are enough: paths from the folder of the file, defaults for the rest', async t => {
  t.match(parsed(), {
    deviceId: 'sensor-1',
    host: 'broker.example',
    port: 1884,
    username: 'sensor-1',
    password: undefined,
    vendorId: 'aa'.repeat(16),
    dataDir: '/etc/drover/data',
    trustFile: '/etc/drover/trust.bin',
    components: [{ name: 'app', version: '1.0.0', image: '/etc/drover/images/app', reboot: true }],
    storageBytesMax: undefined,
    health: undefined,
    watchdog: { confirmTimeoutMs: 300_000, startsMax: 3 },
    packetBytesMax: 32 * 1024,
    windowBytes: 262_144,
    chunkRetriesMax: 8,
    refetchMax: 3,
    downloadLimitMs: 14 * 24 * 3600 * 1000,
    reconnect: { baseMs: 1000, capMs: 64_000 },
    logLevel: 'info',
  })
  t.equal(parsed({ url: 'mqtt://127.0.0.1' }).port, 1883)
  t.equal(parsed({ url: 'mqtt://[::1]:7' }).host, '::1')
  t.equal(parsed().tls, undefined)
  t.match(parsed({ url: 'mqtts://broker.example' }), { host: 'broker.example', port: 8883, tls: {} })
  const tls = { caFile: 'ca.pem', certFile: '/c.pem', keyFile: 'k.pem' }
  t.same(parsed({ url: 'mqtts://broker.example:7', tls }).tls, {
    ...{ caFile: '/etc/drover/ca.pem', certFile: '/c.pem', keyFile: '/etc/drover/k.pem', renewAt: 0.66 },
  })
  const never = { url: 'mqtts://broker.example', tls: { ...tls, renewAtPercent: 0 } }
  t.notOk('renewAt' in (parsed(never).tls ?? {}), 'by hand alone')
  t.match(parsed({ health: { command: ['/bin/true'] } }).health, { command: ['/bin/true'], timeoutMs: 30_000 })
})

t.test('configuration, commands and reboot: nothing unless it is named, paths from the folder of the file', async t => {
  t.match(parsed(), { configuration: undefined, commands: undefined, rebootCommand: undefined })
  const given = {
    configuration: { file: 'app.json', check: ['app', '--check'], secrets: ['pin', '/wifi/psk'] },
    commands: { folder: '/opt/commands', timeoutMs: 1000 },
    reboot: { command: ['/sbin/reboot'] },
  }
  t.match(parsed(given), {
    configuration: {
      file: '/etc/drover/app.json',
      check: ['app', '--check'],
      checkTimeoutMs: 30_000,
      secrets: ['pin', '/wifi/psk'],
    },
    commands: { folder: '/opt/commands', timeoutMs: 1000 },
    rebootCommand: ['/sbin/reboot'],
  })
  t.same(parsed({ configuration: { file: 'app.json' } }).configuration, {
    file: '/etc/drover/app.json',
    check: undefined,
    checkTimeoutMs: 30_000,
    secrets: [],
  })
  t.equal(parsed({ commands: { folder: 'commands' } }).commands?.timeoutMs, 300_000)
})

t.test('components of every kind of installer, with their defaults and paths from the folder of the file', async t => {
  const bootloader = { read: ['fw_printenv'], write: ['fw_setenv'] }
  const components = [
    { name: 'model', version: '1.0.0', installer: 'file', file: 'model.bin' },
    {
      name: 'certs',
      version: '1.0.0',
      installer: 'file',
      file: '/etc/certs',
      mode: '0600',
      reload: ['reload'],
      image: 'c',
    },
    { name: 'packages', version: '1.0.0', installer: 'hooks', folder: 'hooks' },
    { name: 'radio', version: '1.0.0', installer: 'hooks', folder: '/opt/radio', restart: 'device', timeoutMs: 1000 },
    { name: 'os', version: '1.0.0', installer: 'partitions', a: '/dev/mmcblk0p2', b: '/dev/mmcblk0p3', bootloader },
    { name: 'all', version: '1.0.0', installer: 'package', members: ['model', 'radio'] },
  ]
  t.same(
    parsed({ components, reboot: { command: ['reboot'] } }).components.map(({ reboot, image, installer }) => [
      reboot,
      image,
      installer,
    ]),
    [
      [
        false,
        undefined,
        { kind: 'file', file: '/etc/drover/model.bin', mode: undefined, reload: undefined, timeoutMs: 30_000 },
      ],
      [
        false,
        '/etc/drover/c',
        { kind: 'file', file: '/etc/certs', mode: 0o600, reload: ['reload'], timeoutMs: 30_000 },
      ],
      [false, undefined, { kind: 'hooks', folder: '/etc/drover/hooks', restart: 'none', timeoutMs: 1_800_000 }],
      [false, undefined, { kind: 'hooks', folder: '/opt/radio', restart: 'device', timeoutMs: 1000 }],
      [
        false,
        undefined,
        {
          kind: 'partitions',
          a: '/dev/mmcblk0p2',
          b: '/dev/mmcblk0p3',
          imageBytes: undefined,
          bootloader: {
            ...bootloader,
            commandLine: '/proc/cmdline',
            variables: { active: 'drover_active', trial: 'drover_try', tries: 'drover_tries' },
          },
        },
      ],
      [false, undefined, { kind: 'package', members: ['model', 'radio'] }],
    ],
  )
})

t.test('authorization, maintenance and limits', async t => {
  t.match(parsed(), {
    authorization: undefined,
    maintenance: { windows: [], zone: 'local', applies: 'install', overridePriority: undefined },
    memoryBudgetBytes: 8 * 1024 * 1024,
    minimumBytesPerSecond: 0,
    slowLimitMs: 3_600_000,
    limits: { uriBytesMax: 255, componentNameBytesMax: 32, vendorDataBytesMax: 1024 },
    readyFile: undefined,
  })
  const given = {
    authorization: { folder: 'hooks' },
    maintenance: {
      windows: [
        { days: ['sat', 'sun', 'sat'], from: '22:30', minutes: 240 },
        { from: '03:00', minutes: 1 },
      ],
      zone: 'utc',
      applies: 'both',
      overridePriority: 100,
    },
    uriBytesMax: 10,
    componentNameBytesMax: 8,
    vendorDataBytesMax: 0,
    ready: { file: 'ready' },
  }
  t.match(parsed(given), {
    authorization: { folder: '/etc/drover/hooks', timeoutMs: 30_000 },
    maintenance: {
      windows: [
        { days: [6, 0], startMinute: 1350, durationMinutes: 240 },
        { days: [0, 1, 2, 3, 4, 5, 6], startMinute: 180, durationMinutes: 1 },
      ],
      zone: 'utc',
      applies: 'both',
      overridePriority: 100,
    },
    limits: { uriBytesMax: 10, componentNameBytesMax: 8, vendorDataBytesMax: 0 },
    readyFile: '/etc/drover/ready',
  })
})

t.test('each wrong value is told with its name and what was expected', async t => {
  const rows: readonly (readonly [object, RegExp])[] = [
    [{ deviceId: 'a/b' }, /^deviceId: .*1 to 64/],
    [{ configuration: 'app.json' }, /^configuration: expected an object/],
    [{ configuration: { check: ['app'] } }, /^configuration.check: expected only together with configuration.file/],
    [{ configuration: { file: '' } }, /^configuration.file: expected text/],
    [{ configuration: { file: 'a', check: 'app' } }, /^configuration.check: expected a list of program/],
    [{ configuration: { file: 'a', secrets: ['a', 7] } }, /^configuration.secrets: expected a list of up to 64/],
    [{ configuration: { file: 'a', secret: [] } }, /^configuration.secret: no such setting/],
    [{ commands: { timeoutMs: 1000 } }, /^commands.timeoutMs: expected only together with commands.folder/],
    [{ commands: { folder: 'a', timeoutMs: 1 } }, /^commands.timeoutMs: expected a whole number from 100/],
    [{ reboot: { command: [] } }, /^reboot.command: expected a list of program/],
    [{ url: 'http://x' }, /^url: expected mqtts:\/\/host/],
    [{ tls: { caFile: 'ca' } }, /^tls.caFile: expected only where url is mqtts:/],
    [{ url: 'mqtts://x', tls: { keyFile: 'k' } }, /^tls.certFile, tls.keyFile: expected both or none/],
    [
      { url: 'mqtts://x', tls: { renewAtPercent: 50 } },
      /^tls.renewAtPercent: expected only together with tls.certFile/,
    ],
    [
      { url: 'mqtts://x', tls: { certFile: 'c', keyFile: 'k', renewAtPercent: 96 } },
      /^tls.renewAtPercent: expected a whole number from 0 to 95/,
    ],
    [{ url: 'mqtts://x', tls: { caFile: 1 } }, /^tls.caFile: expected text/],
    [{ url: 'mqtt://user:secret@x' }, /^url: expected no user or password/],
    [{ vendorId: 'aa' }, /^vendorId: expected 32 hex/],
    [{ classId: 5 }, /^classId: expected 32 hex/],
    [{ dataDir: '' }, /^dataDir: /],
    [{ trustFile: 'a\0b' }, /^trustFile: /],
    [{ components: [] }, /^components: expected a list/],
    [{ components: [{ ...least.components[0], name: '../x' }] }, /^components: \[0\]\.name: expected 1 to 32/],
    [{ components: [{ ...least.components[0], version: '1.0' }] }, /^components: \[0\]\.version/],
    [{ components: [{ ...least.components[0], reboot: 'yes' }] }, /^components: \[0\]\.reboot/],
    [{ components: [{ ...least.components[0], extra: 1 }] }, /^components: \[0\]\.extra: expected no such field/],
    [{ components: [least.components[0], least.components[0]] }, /^components: expected each name once/],
    [
      { components: [least.components[0], { ...least.components[0], name: 'two' }] },
      /^components: expected reboot: true at most once/,
    ],
    [
      { components: [{ ...least.components[0], installer: 'rpm' }] },
      /^components: \[0\]\.installer: expected one of slots/,
    ],
    [{ components: [{ name: 'm', version: '1.0.0', installer: 'file' }] }, /^components: \[0\]\.file: expected text/],
    [{ components: [{ ...file, reboot: true }] }, /^components: \[0\]\.reboot: expected no such field/],
    [{ components: [{ ...file, mode: '644x' }] }, /^components: \[0\]\.mode: expected three octal digits/],
    [{ components: [{ ...file, reload: 'reload' }] }, /^components: \[0\]\.reload: expected a list of program/],
    [{ components: [{ ...hooks, restart: 'image' }] }, /^components: \[0\]\.restart: expected none or device/],
    [{ components: [{ ...hooks, restart: 'device' }] }, /^reboot\.command: required, a new image of h counts/],
    [{ components: [{ ...partitions, b: '/dev/a' }] }, /^components: \[0\]\.b: expected another partition/],
    [{ components: [{ ...partitions, bootloader: {} }] }, /^components: \[0\]\.read: expected a list of program/],
    [
      { components: [{ ...partitions, bootloader: { read: ['r'], write: ['w'], variables: { active: 'a b' } } }] },
      /^components: \[0\]\.active: expected 1 to 64/,
    ],
    [{ components: [file, { ...bundle, members: ['x'] }] }, /^components: \[1\]\.members: x: no such component/],
    [{ components: [file, { ...bundle, members: ['all'] }] }, /^components: \[1\]\.members: all: a package cannot/],
    [
      { components: [file, { ...bundle, members: ['f', 'f'] }] },
      /^components: \[1\]\.members: expected a list of 1 to 8/,
    ],
    [{ components: [file, bundle, { ...bundle, name: 'b' }] }, /^components: \[2\]\.members: f: is in the package all/],
    [{ maintenance: { zone: 'utc' } }, /^maintenance\.zone: expected only together with maintenance\.windows/],
    [
      { maintenance: { windows: [{ from: '24:00', minutes: 1 }] } },
      /^maintenance\.windows: \[0\]: from: expected 00:00/,
    ],
    [
      { maintenance: { windows: [{ from: '1:00', minutes: 1 }] } },
      /^maintenance\.windows: \[0\]: from: expected 00:00/,
    ],
    [{ maintenance: { windows: [{ from: '01:00' }] } }, /^maintenance\.windows: \[0\]: expected a whole number from 1/],
    [
      { maintenance: { windows: [{ from: '01:00', minutes: 1, days: [] }] } },
      /^maintenance\.windows: \[0\]: days: expected/,
    ],
    [
      { maintenance: { windows: [{ from: '01:00', minutes: 1, day: 1 }] } },
      /^maintenance\.windows: \[0\]: day: no such/,
    ],
    [
      { maintenance: { windows: [], applies: 'never' } },
      /^maintenance\.applies: expected one of install download both/,
    ],
    [{ authorization: { timeoutMs: 1000 } }, /^authorization\.timeoutMs: expected only together/],
    [{ memoryBudgetBytes: 262_144, windowBytes: 300_000 }, /^memoryBudgetBytes: expected at least windowBytes/],
    [{ vendorDataBytesMax: 1025 }, /^vendorDataBytesMax: expected a whole number from 0 to 1024/],
    [{ windowBytes: 1 }, /^windowBytes: expected a whole number from 16384 to 8388608, got 1$/],
    [{ packetBytesMax: 1023 }, /^packetBytesMax: expected a whole number from 1024/],
    [{ refetchMax: 1.5 }, /^refetchMax: /],
    [{ watchdog: { startsMax: 0 } }, /^watchdog\.startsMax: /],
    [{ watchdog: 3 }, /^watchdog: expected an object/],
    [{ watchdog: { starts: 3 } }, /^watchdog\.starts: no such setting/],
    [{ reconnect: { baseMs: 5000, capMs: 100 } }, /^reconnect\.capMs: expected at least/],
    [{ health: { timeoutMs: 1000 } }, /^health\.timeoutMs: expected only together/],
    [{ health: { command: 'true' } }, /^health\.command: expected a list/],
    [{ password: 'x', passwordFile: 'y' }, /^password, passwordFile: expected one/],
    [{ logLevel: 'loud' }, /^logLevel: expected one of debug info warn error/],
    [{ frobnicate: 1 }, /^frobnicate: no such setting/],
  ]
  for (const [changes, problem] of rows) {
    const found = problems(changes)
    t.equal(found.length, 1, JSON.stringify(changes))
    t.match(found[0], problem)
  }
})

t.test('all problems are told at once', async t => {
  t.same(problems({ components: [{ ...file, mode: 7 }, file, { ...hooks, folder: '' }] }), [
    'components: [0].mode: expected three octal digits as a text, got 7',
    'components: [2].folder: expected text of 1 to 4096 characters, got ""',
  ])
  t.equal(problems({ deviceId: '', url: 'x', vendorId: 'x', classId: 'x', windowBytes: -1, odd: true }).length, 6)
  t.throws(() => parseConfig('{}', '/a.json'), /deviceId: required[\s\S]*components: required/)
  t.throws(() => parseConfig('[1]', '/a.json'), /expected a JSON object/)
  t.throws(() => parseConfig('{', '/a.json'), { code: 'CONFIG_INVALID', message: /\/a\.json[\s\S]*expected JSON/ })
  await t.rejects(readConfig(`${t.testdir({})}/none.json`), { code: 'CONFIG_INVALID', message: /cannot be read/ })
})

t.test('a password comes from the setting or from the first line of its file', async t => {
  const folder = t.testdir({ secret: 'hidden\nrest\n' })
  t.equal(await readPassword(parsed({ password: 'open' })), 'open')
  t.equal(await readPassword(parsed({ passwordFile: `${folder}/secret` })), 'hidden')
  t.equal(await readPassword(parsed()), undefined)
  await t.rejects(readPassword(parsed({ passwordFile: `${folder}/none` })), { code: 'CONFIG_INVALID' })
})

t.test('help names every setting with its unit, range, default and meaning', async t => {
  const help = configHelp()
  const names = ['deviceId', 'url', 'passwordFile', 'components', 'health.command', 'watchdog.startsMax']
  for (const name of names) t.match(help, new RegExp(`\\n${name} +\\S`))
  t.match(help, /\nwindowBytes +bytes, 16384 to 8388608 +262144 +Chunk bytes/)
})
