// The settings of a device: one table from which the parser and the text of --help are made. All problems of a file are
// told at once. boot reads it too, so this file needs nothing but Node and the constants of the contract.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type DeviceId, deviceId } from '../proto/ids.ts'
import {
  componentNameBytesMax,
  componentsMax,
  devicePacketBytesDefault,
  devicePacketBytesLeast,
  packetBytesMax,
} from '../proto/limits.ts'
import {
  command,
  expected,
  identity,
  isObject,
  number,
  optional,
  required,
  type Setting,
  text,
  whole,
  withDefault,
} from './setting.ts'

export interface ComponentConfig {
  readonly name: string
  /** Version and file of the image the component has from the factory. */
  readonly version: string
  readonly image: string
  /** True for the one component that boot starts. */
  readonly reboot: boolean
}

/** Checked; paths are absolute. */
export interface AgentConfig {
  readonly deviceId: DeviceId
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password: string | undefined
  readonly passwordFile: string | undefined
  readonly vendorId: string
  readonly classId: string
  readonly dataDir: string
  readonly trustFile: string
  readonly components: readonly ComponentConfig[]
  readonly storageBytesMax: number | undefined
  readonly health: { readonly command: readonly string[]; readonly timeoutMs: number } | undefined
  readonly watchdog: { readonly confirmTimeoutMs: number; readonly startsMax: number }
  readonly packetBytesMax: number
  readonly windowBytes: number
  readonly chunkRetriesMax: number
  readonly refetchMax: number
  readonly chunkTimeoutMs: number
  readonly downloadLimitMs: number
  readonly reconnect: { readonly baseMs: number; readonly capMs: number }
  readonly configuration:
    | {
        readonly file: string
        readonly check: readonly string[] | undefined
        readonly checkTimeoutMs: number
        readonly secrets: readonly string[]
      }
    | undefined
  readonly commands: { readonly folder: string; readonly timeoutMs: number } | undefined
  /** Undefined: an order to reboot restarts the image that boot started. */
  readonly rebootCommand: readonly string[] | undefined
  readonly logLevel: LogLevel
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
const logLevels: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies LogLevel[]

/** The file cannot be used; `problems` has one line for each thing to repair. The process ends with code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG_INVALID'
  readonly problems: readonly string[]
  constructor(file: string, problems: readonly string[], options?: ErrorOptions) {
    super(`${file} cannot be used:\n${problems.map(problem => `  - ${problem}`).join('\n')}`, options)
    this.problems = problems
  }
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const mebibyte = 1024 * 1024
const secretsMax = 64

const settings = {
  deviceId: required('1 to 64 of A-Z a-z 0-9 . _ : -', 'Name of the device, its MQTT client id', value =>
    deviceId(value as string),
  ),
  url: required('mqtt://host[:port]', 'The broker; port 1883 unless given', brokerAddress),
  username: optional('1 to 256 characters', 'the device id', 'MQTT user name', text(1, 256)),
  password: optional('1 to 256 characters', 'none', 'MQTT password; rather use passwordFile', text(1, 256)),
  passwordFile: optional('path', 'none', 'File whose first line is the MQTT password', text(1, 4096)),
  vendorId: required('32 hex digits', 'Vendor id of the device', identity),
  classId: required('32 hex digits', 'Class id of the device', identity),
  dataDir: required('path', 'Folder of this device: journal, components', text(1, 4096)),
  trustFile: required('path', 'Signed trust document the device is provisioned with', text(1, 4096)),
  components: required(`1 to ${componentsMax}`, 'List of {name, version, image, reboot}, see below', components),
  storageBytesMax: optional('at least 1', 'free space', 'Bytes the components folder may hold', whole(1, 2 ** 53 - 1)),
  'health.command': optional('program and arguments', 'none', 'Exit code 0 = the new image is healthy', command),
  'health.timeoutMs': number('ms', 100, dayMs, 30_000, 'Time the health command has'),
  'watchdog.confirmTimeoutMs': number('ms', 100, dayMs, 5 * minuteMs, 'A trial not committed by then is given up'),
  'watchdog.startsMax': number('starts', 1, 100, 3, 'Starts a new image has to be committed'),
  packetBytesMax: number(
    'bytes',
    devicePacketBytesLeast,
    packetBytesMax,
    devicePacketBytesDefault,
    'Largest MQTT packet with chunk data the device takes',
  ),
  windowBytes: number('bytes', 16 * 1024, 8 * mebibyte, 256 * 1024, 'Chunk bytes asked for and not yet arrived'),
  chunkRetriesMax: number('retries', 0, 1000, 8, 'Unanswered requests of a chunk before UPD4_FAIL_24'),
  refetchMax: number('fetches', 0, 1000, 3, 'Further fetches of a chunk with a wrong hash before UPD4_FAIL_26'),
  chunkTimeoutMs: number('ms', 50, 60 * minuteMs, 10_000, 'Silence while connected before a chunk is asked for again'),
  downloadLimitMs: number('ms', 1000, 365 * dayMs, 14 * dayMs, 'From accepting an offer to its last chunk'),
  'reconnect.baseMs': number(
    'ms',
    1,
    60 * minuteMs,
    1000,
    'First reconnect delay is drawn from 0 to this, then doubled',
  ),
  'reconnect.capMs': number('ms', 1, dayMs, 64_000, 'Reconnect delays are drawn from 0 to at most this'),
  'configuration.file': optional('a path', 'none', 'What config-backup, -change and -restore are about', text(1, 4096)),
  'configuration.check': optional(
    'program and arguments',
    'none',
    'Exit code 0 = the device takes the configuration in the file $DROVER_CANDIDATE; else UPD4_FAIL_37',
    command,
  ),
  'configuration.checkTimeoutMs': number('ms', 100, 60 * minuteMs, 30_000, 'Time the check has'),
  'configuration.secrets': {
    ...optional(
      `list of up to ${secretsMax}`,
      'none',
      'Members whose values are never told, besides *password*, *secret*, *token*, *key* and the like: names, or JSON pointers',
      names,
    ),
    absent: { value: [] },
  },
  'commands.folder': optional('a path', 'none', 'Its executables are what `command` may run, by name', text(1, 4096)),
  'commands.timeoutMs': number('ms', 100, dayMs, 5 * minuteMs, 'Time a command has'),
  'reboot.command': optional(
    'program and arguments',
    'none',
    'Restarts the whole device; none: boot starts the image anew',
    command,
  ),
  logLevel: withDefault('info', required(logLevels.join(' '), 'Least severe log lines written', level)),
}

type Settings = typeof settings
type Values = { readonly [Name in keyof Settings]: Settings[Name] extends Setting<infer T> ? T : never }
const groups: ReadonlySet<string> = new Set(['health', 'watchdog', 'reconnect', 'configuration', 'commands', 'reboot'])

/** Reads and checks the file. Throws ConfigError, also when the file cannot be read. */
export async function readConfig(path: string): Promise<AgentConfig> {
  const file = resolve(path)
  let source: string
  try {
    source = await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(file, [`cannot be read: ${(cause as Error).message}`], { cause })
  }
  return parseConfig(source, file)
}

/** Relative paths are meant from the folder of `file`. Throws ConfigError. */
export function parseConfig(source: string, file: string): AgentConfig {
  let json: unknown
  try {
    json = JSON.parse(source)
  } catch (cause) {
    throw new ConfigError(file, [`expected JSON: ${(cause as Error).message}`], { cause })
  }
  if (!isObject(json)) throw new ConfigError(file, ['expected a JSON object'])
  const problems: string[] = []
  const given = flattened(json, problems)
  const values = Object.fromEntries(
    Object.entries<Setting<unknown>>(settings).map(([name, setting]) => [
      name,
      settingValue(name, setting, given.get(name), problems),
    ]),
  ) as Values
  for (const name of given.keys())
    if (!Object.hasOwn(settings, name)) problems.push(`${name}: no such setting; --help lists them`)
  if (given.has('password') && given.has('passwordFile')) problems.push('password, passwordFile: expected one of them')
  if (values['reconnect.capMs'] < values['reconnect.baseMs'])
    problems.push('reconnect.capMs: expected at least reconnect.baseMs')
  if (values['health.command'] === undefined && given.has('health.timeoutMs'))
    problems.push('health.timeoutMs: expected only together with health.command')
  for (const [folder, wanted] of [
    ['configuration.', 'configuration.file'],
    ['commands.', 'commands.folder'],
  ] as const)
    for (const name of given.keys())
      if (name.startsWith(folder) && !given.has(wanted)) problems.push(`${name}: expected only together with ${wanted}`)
  if (problems.length > 0) throw new ConfigError(file, problems)

  const path = (relative: string): string => resolve(dirname(file), relative)
  const { url, username, passwordFile, ...rest } = values
  return {
    deviceId: rest.deviceId,
    ...url,
    username: username ?? rest.deviceId,
    password: rest.password,
    passwordFile: passwordFile === undefined ? undefined : path(passwordFile),
    vendorId: rest.vendorId,
    classId: rest.classId,
    dataDir: path(rest.dataDir),
    trustFile: path(rest.trustFile),
    components: rest.components.map(component => ({ ...component, image: path(component.image) })),
    storageBytesMax: rest.storageBytesMax,
    health:
      rest['health.command'] === undefined
        ? undefined
        : { command: rest['health.command'], timeoutMs: rest['health.timeoutMs'] },
    watchdog: { confirmTimeoutMs: rest['watchdog.confirmTimeoutMs'], startsMax: rest['watchdog.startsMax'] },
    packetBytesMax: rest.packetBytesMax,
    windowBytes: rest.windowBytes,
    chunkRetriesMax: rest.chunkRetriesMax,
    refetchMax: rest.refetchMax,
    chunkTimeoutMs: rest.chunkTimeoutMs,
    downloadLimitMs: rest.downloadLimitMs,
    reconnect: { baseMs: rest['reconnect.baseMs'], capMs: rest['reconnect.capMs'] },
    configuration:
      rest['configuration.file'] === undefined
        ? undefined
        : {
            file: path(rest['configuration.file']),
            check: rest['configuration.check'],
            checkTimeoutMs: rest['configuration.checkTimeoutMs'],
            secrets: rest['configuration.secrets'] ?? [],
          },
    commands:
      rest['commands.folder'] === undefined
        ? undefined
        : { folder: path(rest['commands.folder']), timeoutMs: rest['commands.timeoutMs'] },
    rebootCommand: rest['reboot.command'],
    logLevel: rest.logLevel,
  }
}

/** The MQTT password, from the file if one is named. Throws ConfigError. */
export async function readPassword({ password, passwordFile }: AgentConfig): Promise<string | undefined> {
  if (passwordFile === undefined) return password
  try {
    return (await readFile(passwordFile, 'utf8')).split(/\r?\n/, 1)[0]
  } catch (cause) {
    throw new ConfigError(passwordFile, [`passwordFile: cannot be read: ${(cause as Error).message}`], { cause })
  }
}

/** What `--help` prints. */
export function configHelp(): string {
  const rows = Object.entries<Setting<unknown>>(settings).map(([name, { unit, range, default: fallback, meaning }]) => [
    name,
    unit === '' ? range : `${unit}, ${range}`,
    fallback,
    meaning,
  ])
  const columns = [['setting', 'unit, range', 'default', 'meaning'], ...rows]
  const width = (column: number): number => Math.max(...columns.map(row => row[column]?.length ?? 0))
  const widths = [width(0), width(1), width(2), 0]
  const table = columns.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [
    'drover-agent --config agent.json',
    '',
    'Runs the device agent: starts the image of the active slot and falls back when a new image does not prove itself.',
    'The file is JSON; a dot in a name is an object within it; relative paths are meant from the folder of the file.',
    '',
    ...table,
    '',
    'A component: name (1 to 32 of A-Z a-z 0-9 . _ -), version (1.2.3), image (file the device has from the factory),',
    'reboot (true for at most one: the image that is started; false: an image that is only kept for others).',
    '',
    'Exit codes: 0 stopped by SIGTERM or SIGINT · 1 unforeseen · 2 configuration · 3 slot record or journal unusable',
    '',
  ].join('\n')
}

function settingValue<T>(name: string, setting: Setting<T>, value: unknown, problems: string[]): T | undefined {
  if (value === undefined) {
    if (setting.absent === undefined) problems.push(`${name}: required, expected ${setting.range}`)
    return setting.absent?.value
  }
  try {
    return setting.read(value)
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`)
    return undefined
  }
}

/** `{health: {timeoutMs: 1}}` becomes `health.timeoutMs`. */
function flattened(json: Readonly<Record<string, unknown>>, problems: string[]): Map<string, unknown> {
  const flat = new Map<string, unknown>()
  for (const [name, value] of Object.entries(json)) {
    if (!groups.has(name)) flat.set(name, value)
    else if (!isObject(value)) problems.push(`${name}: expected an object`)
    else for (const [inner, innerValue] of Object.entries(value)) flat.set(`${name}.${inner}`, innerValue)
  }
  return flat
}

function level(value: unknown): LogLevel {
  if (typeof value !== 'string' || !logLevels.includes(value)) throw expected(`one of ${logLevels.join(' ')}`, value)
  return value as LogLevel
}

function brokerAddress(value: unknown): { host: string; port: number } {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || url.protocol !== 'mqtt:' || url.hostname === '' || !/^\/?$/.test(url.pathname))
    throw expected('mqtt://host[:port]', value)
  // A password here would end up in logs and process lists.
  if (url.username !== '' || url.password !== '') throw new RangeError('expected no user or password within the URL')
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? 1883 : Number(url.port) }
}

function components(value: unknown): readonly ComponentConfig[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > componentsMax)
    throw expected(`a list of 1 to ${componentsMax}`, value)
  const read = value.map(component)
  if (new Set(read.map(({ name }) => name)).size !== read.length) throw new RangeError('expected each name once')
  if (read.filter(({ reboot }) => reboot).length > 1) throw new RangeError('expected reboot: true at most once')
  return read
}

function names(value: unknown): readonly string[] {
  const isName = (name: unknown): boolean => typeof name === 'string' && name !== '' && name.length <= 256
  if (!Array.isArray(value) || value.length > secretsMax || !value.every(isName))
    throw expected(`a list of up to ${secretsMax} names`, value)
  return value
}

function component(value: unknown, position: number): ComponentConfig {
  const wrong = (field: string, what: string): RangeError => new RangeError(`[${position}].${field}: expected ${what}`)
  if (!isObject(value)) throw new RangeError(`[${position}]: expected {name, version, image, reboot}`)
  const { name, version, image, reboot, ...unknown } = value
  const stranger = Object.keys(unknown)[0]
  if (stranger !== undefined) throw wrong(stranger, 'no such field')
  // The name is a folder and a field of the manifest (proto/manifest.ts has the same rule).
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.length > componentNameBytesMax)
    throw wrong('name', `1 to ${componentNameBytesMax} of A-Z a-z 0-9 . _ -`)
  if (typeof version !== 'string' || !/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version))
    throw wrong('version', 'three dotted numbers up to 999')
  if (typeof image !== 'string' || image === '') throw wrong('image', 'a path')
  if (typeof reboot !== 'boolean') throw wrong('reboot', 'true or false')
  return { name, version, image, reboot }
}
