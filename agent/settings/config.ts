// The settings of a device: read by the table of settings.ts, with --help made from the same table. All problems of a file are
// told at once. boot reads it too, so this file needs nothing but Node and the constants of the contract.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { DeviceId } from '../../proto/ids.ts'
import type { Maintenance } from '../core/maintenance.ts'
import { type ComponentConfig, componentHelp, restartsDevice, withPaths } from './component-config.ts'
import { isObject, Problems, type Setting } from './setting.ts'
import { type LogLevel, settings } from './settings.ts'

export type { ComponentConfig } from './component-config.ts'

export interface TlsConfig {
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  /** Of the certificate's life, in (0, 1): then the agent asks for the next one. Absent: it never does. */
  readonly renewAt?: number
}

/** Checked; paths are absolute. */
export interface AgentConfig {
  readonly deviceId: DeviceId
  readonly host: string
  readonly port: number
  /** Undefined: MQTT without TLS. */
  readonly tls: TlsConfig | undefined
  readonly username: string
  readonly password: string | undefined
  readonly passwordFile: string | undefined
  readonly vendorId: string
  readonly classId: string
  readonly dataDir: string
  readonly trustFile: string
  /** Undefined: the agent makes its own in `dataDir`. */
  readonly reportKeyFile: string | undefined
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
  /** Programs that are asked before a download and before an install (adapters/hooks-exec). */
  readonly authorization: { readonly folder: string; readonly timeoutMs: number } | undefined
  readonly maintenance: Maintenance
  /** What the buffers of an update may take together. */
  readonly memoryBudgetBytes: number
  /** 0: a download may be as slow as it likes. */
  readonly minimumBytesPerSecond: number
  /** How long a download may be slower than that. */
  readonly slowLimitMs: number
  /** Lengths in a manifest, bytes of UTF-8. */
  readonly limits: {
    readonly uriBytesMax: number
    readonly componentNameBytesMax: number
    readonly vendorDataBytesMax: number
  }
  /** Written once the agent is connected and the broker has heard all there is, removed at its end. */
  readonly readyFile: string | undefined
  /** Undefined: an order to reboot restarts the image that boot started. */
  readonly rebootCommand: readonly string[] | undefined
  readonly logLevel: LogLevel
}

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

type Settings = typeof settings
type Values = { readonly [Name in keyof Settings]: Settings[Name] extends Setting<infer T> ? T : never }
/** What has a dot in its name is written as an object within. */
const groups: ReadonlySet<string> = new Set(Object.keys(settings).flatMap(name => name.split('.').slice(0, -1)))
/** Settings that mean nothing without another one. */
const dependent: readonly (readonly [group: string, wanted: keyof Settings])[] = [
  ['configuration.', 'configuration.file'],
  ['commands.', 'commands.folder'],
  ['authorization.', 'authorization.folder'],
  ['maintenance.', 'maintenance.windows'],
]

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
  if ((values['tls.certFile'] === undefined) !== (values['tls.keyFile'] === undefined))
    problems.push('tls.certFile, tls.keyFile: expected both or none')
  if (given.has('tls.renewAtPercent') && values['tls.certFile'] === undefined)
    problems.push('tls.renewAtPercent: expected only together with tls.certFile')
  if (values.url?.secure === false)
    for (const name of given.keys())
      if (name.startsWith('tls.')) problems.push(`${name}: expected only where url is mqtts://`)
  if (values['reconnect.capMs'] < values['reconnect.baseMs'])
    problems.push('reconnect.capMs: expected at least reconnect.baseMs')
  if (values['health.command'] === undefined && given.has('health.timeoutMs'))
    problems.push('health.timeoutMs: expected only together with health.command')
  if (values.memoryBudgetBytes < values.windowBytes)
    problems.push('memoryBudgetBytes: expected at least windowBytes: no update would fit')
  for (const [group, wanted] of dependent)
    for (const name of given.keys())
      if (name.startsWith(group) && !given.has(wanted)) problems.push(`${name}: expected only together with ${wanted}`)
  const restarted = values.components?.find(restartsDevice)?.name
  if (restarted !== undefined && values['reboot.command'] === undefined)
    problems.push(`reboot.command: required, a new image of ${restarted} counts when the whole device has restarted`)
  if (problems.length > 0) throw new ConfigError(file, problems)

  const path = (relative: string): string => resolve(dirname(file), relative)
  const { url, username, passwordFile, ...rest } = values
  return {
    deviceId: rest.deviceId,
    host: url.host,
    port: url.port,
    tls: url.secure ? tlsFiles(rest, path) : undefined,
    username: username ?? rest.deviceId,
    password: rest.password,
    passwordFile: passwordFile === undefined ? undefined : path(passwordFile),
    vendorId: rest.vendorId,
    classId: rest.classId,
    dataDir: path(rest.dataDir),
    trustFile: path(rest.trustFile),
    reportKeyFile: rest.reportKeyFile === undefined ? undefined : path(rest.reportKeyFile),
    components: rest.components.map(component => withPaths(component, path)),
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
    authorization:
      rest['authorization.folder'] === undefined
        ? undefined
        : { folder: path(rest['authorization.folder']), timeoutMs: rest['authorization.timeoutMs'] },
    maintenance: {
      windows: rest['maintenance.windows'] ?? [],
      zone: rest['maintenance.zone'],
      applies: rest['maintenance.applies'],
      overridePriority: rest['maintenance.overridePriority'],
    },
    memoryBudgetBytes: rest.memoryBudgetBytes,
    minimumBytesPerSecond: rest.minimumBytesPerSecond,
    slowLimitMs: rest.slowLimitMs,
    limits: {
      uriBytesMax: rest.uriBytesMax,
      componentNameBytesMax: rest.componentNameBytesMax,
      vendorDataBytesMax: rest.vendorDataBytesMax,
    },
    readyFile: rest['ready.file'] === undefined ? undefined : path(rest['ready.file']),
    rebootCommand: rest['reboot.command'],
    logLevel: rest.logLevel,
  }
}

type TlsValues = Pick<Values, 'tls.caFile' | 'tls.certFile' | 'tls.keyFile' | 'tls.renewAtPercent'>

function tlsFiles(values: TlsValues, path: (file: string) => string): TlsConfig {
  const { 'tls.caFile': caFile, 'tls.certFile': certFile, 'tls.keyFile': keyFile } = values
  const renewAt = values['tls.renewAtPercent'] / 100
  return {
    ...(caFile === undefined ? {} : { caFile: path(caFile) }),
    ...(certFile === undefined ? {} : { certFile: path(certFile) }),
    ...(keyFile === undefined ? {} : { keyFile: path(keyFile) }),
    ...(certFile === undefined || renewAt === 0 ? {} : { renewAt }),
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
    'drover-agent status|history|doctor --config agent.json   (--help after the word tells more)',
    '',
    'Runs the device agent: starts the image of the active slot and falls back when a new image does not prove itself.',
    'The file is JSON; a dot in a name is an object within it; relative paths are meant from the folder of the file.',
    '',
    ...table,
    '',
    ...componentHelp,
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
    const told = error instanceof Problems ? error.problems : [(error as Error).message]
    problems.push(...told.map(problem => `${name}: ${problem}`))
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
