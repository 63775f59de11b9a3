// The settings of drover-broker: one table, from which the parser, `--help` and the README come. A setting is a flag or
// an environment variable (DROVER_BROKER_…); the flag wins. All problems are told at once.
import { parseArgs } from 'node:util'
import { type DeliveryNumbers, type DeliverySetting, deliverySettingsTable } from './delivery/delivery-settings.ts'

interface Setting<T> {
  readonly flag: string
  readonly value: string
  readonly meaning: string
  readonly standard: string
  /** Throws RangeError saying what was expected. */
  readonly parse: (text: string) => T
}

const integer =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text)
    if (text.trim() === '' || !Number.isInteger(number) || number < least || number > most)
      throw new RangeError(`expected a whole number from ${least} to ${most}`)
    return number
  }
const text = (value: string): string => {
  if (value === '') throw new RangeError('expected a text')
  return value
}
const optionalText = (value: string): string | undefined => (value === '' ? undefined : value)
const flag = (value: string): boolean => {
  if (value !== 'true' && value !== 'false') throw new RangeError('expected true or false')
  return value === 'true'
}
const level = (value: string): string => {
  const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
  if (!levels.includes(value)) throw new RangeError(`expected one of ${levels.join(', ')}`)
  return value
}
const setting = <T>(
  name: string,
  value: string,
  standard: string,
  parse: (text: string) => T,
  meaning: string,
): Setting<T> => ({ flag: name, value, standard, parse, meaning })

const settings = {
  dataDir: setting('data-dir', 'DIR', './drover-data', text, 'database, artifacts and the first admin token'),
  mqttHost: setting('mqtt-host', 'ADDRESS', '127.0.0.1', text, 'address of the MQTT listener'),
  mqttPort: setting('mqtt-port', 'PORT', '1883', integer(0, 65_535), 'port of the MQTT listener; 0: any free one'),
  httpHost: setting('http-host', 'ADDRESS', '127.0.0.1', text, 'address of the HTTP listener'),
  httpPort: setting('http-port', 'PORT', '8080', integer(0, 65_535), 'port of the HTTP listener; 0: any free one'),
  allowPlaintext: setting(
    'allow-plaintext',
    'true|false',
    'false',
    flag,
    'listen without TLS beyond loopback: only behind a TLS proxy or in a closed network',
  ),
  connectionsMax: setting('connections-max', 'COUNT', '50000', integer(1, 1_000_000), 'MQTT connections at once'),
  inProgressMax: setting(
    'in-progress-max',
    'COUNT',
    '1000',
    integer(1, 1_000_000),
    'executions in progress at once over all operations',
  ),
  quarantineFailures: setting(
    'quarantine-failures',
    'COUNT',
    '3',
    integer(0, 8),
    'operations a device may fail within 24 hours before new ones leave it out; 0: no quarantine',
  ),
  offerRepeatMs: setting(
    'offer-repeat-ms',
    'MS',
    '5000',
    integer(100, 60_000),
    'first repetition of an unanswered offer; doubled each time up to a minute',
  ),
  chunkCacheBytes: setting(
    'chunk-cache-bytes',
    'BYTES',
    String(64 * 1024 * 1024),
    integer(1024 ** 2, 64 * 1024 ** 3),
    'memory for hot chunks',
  ),
  budgetLabel: setting(
    'budget-label',
    'NAME',
    '',
    value => value,
    'attribute of the devices, e.g. site, each value of which has --label-bytes-per-second',
  ),
  uploadBytesMax: setting(
    'upload-bytes-max',
    'BYTES',
    String(4 * 1024 ** 3 + 16 * 1024 ** 2),
    integer(1024, 2 ** 43),
    'largest bundle that is taken',
  ),
  operationsKey: setting(
    'operations-key',
    'FILE',
    '',
    optionalText,
    'private key (PEM) that signs backups, restores, configuration changes and reboots; without it they are refused',
  ),
  eventDays: setting(
    'event-days',
    'DAYS',
    '',
    value => (value === '' ? undefined : integer(1, 36_500)(value)),
    'events older than this are forgotten, never those of an operation that runs; empty: kept for ever',
  ),
  webhookPlainHttp: setting(
    'webhook-plain-http',
    'true|false',
    'false',
    flag,
    'webhooks without TLS to other machines',
  ),
  webhookPrivate: setting(
    'webhook-private',
    'true|false',
    'false',
    flag,
    'webhooks to private and link-local addresses',
  ),
  readyFile: setting(
    'ready-file',
    'FILE',
    '',
    optionalText,
    'written when the broker is ready: JSON with ports and pid',
  ),
  logLevel: setting('log-level', 'LEVEL', 'info', level, 'fatal, error, warn, info, debug, trace or silent'),
}

/** How bytes are delivered: the rows of that table that have a flag. */
const deliveryFlags: Readonly<Record<string, Setting<number>>> = Object.fromEntries(
  Object.entries<DeliverySetting>(deliverySettingsTable).flatMap(([name, row]) => {
    if (row.flag === undefined) return []
    const value = row.unit === 'bytes a second' ? 'BYTES' : row.unit.toUpperCase()
    return [[name, setting(row.flag, value, String(row.default), integer(row.least, row.most), row.meaning)]]
  }),
)

export type BrokerConfig = {
  readonly [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['parse']>
} & {
  readonly delivery: Partial<DeliveryNumbers>
}

const allSettings: readonly Setting<unknown>[] = [...Object.values(settings), ...Object.values(deliveryFlags)]

/** The command line or environment is not usable; the message has a line a problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG_INVALID'
}

export type BrokerCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly config: BrokerConfig }
  | { readonly kind: 'doctor'; readonly config: BrokerConfig }

/** Throws ConfigError. */
export function parseCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): BrokerCommand {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' } }
  for (const { flag: name } of allSettings) options[name] = { type: 'string' }
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    throw new ConfigError((cause as Error).message, { cause })
  }
  if (parsed.values.help === true) return { kind: 'help' }
  const [command = 'run', ...rest] = parsed.positionals
  const problems: string[] = []
  if ((command !== 'run' && command !== 'doctor') || rest.length > 0)
    problems.push(`unknown command ${JSON.stringify(parsed.positionals.join(' '))}: expected nothing, or doctor`)
  const read = <T>(entry: Setting<T>): T | undefined => {
    const variable = environmentName(entry.flag)
    const given = parsed.values[entry.flag] as string | undefined
    const value = given ?? environment[variable] ?? entry.standard
    try {
      return entry.parse(value)
    } catch (error) {
      const source = given === undefined ? variable : `--${entry.flag}`
      problems.push(`${source}: ${(error as Error).message}, got ${JSON.stringify(value)}`)
      return undefined
    }
  }
  const readAll = (entries: Readonly<Record<string, Setting<unknown>>>): object =>
    Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, read(entry)]))
  const complete = { ...readAll(settings), delivery: readAll(deliveryFlags) } as BrokerConfig
  if (problems.length === 0 && !complete.allowPlaintext)
    for (const [name, host] of [
      ['mqtt-host', complete.mqttHost],
      ['http-host', complete.httpHost],
    ] as const)
      if (!isLoopback(host))
        problems.push(`--${name}: ${host} is not loopback and the listener has no TLS; see --allow-plaintext`)
  if (complete.budgetLabel === '' && (complete.delivery.labelBytesPerSecond ?? 0) > 0)
    problems.push('--label-bytes-per-second: expected --budget-label beside it, which says whose value counts')
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return { kind: command === 'doctor' ? 'doctor' : 'run', config: complete }
}

export function helpText(): string {
  const rows = allSettings.map(({ flag: name, value, meaning, standard }) => {
    const given = standard === '' ? '' : ` [${standard}]`
    const usage = `  --${name} ${value}`.padEnd(38)
    return `${usage}${meaning}${given}`
  })
  return [
    'drover-broker: an MQTT broker that drives operations over a fleet of devices',
    '',
    'Usage: drover-broker [settings]          run the broker',
    '       drover-broker doctor [settings]   check every record of the database, change nothing',
    '',
    'Settings (also as environment variables, e.g. DROVER_BROKER_DATA_DIR):',
    ...rows,
    '',
  ].join('\n')
}

function environmentName(flagName: string): string {
  return `DROVER_BROKER_${flagName.toUpperCase().replaceAll('-', '_')}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
