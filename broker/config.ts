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
/** Undefined: no such listener. */
const portOrOff = (text: string): number | undefined => {
  if (text === 'off') return undefined
  try {
    return integer(0, 65_535)(text)
  } catch (cause) {
    throw new RangeError('expected a whole number from 0 to 65535, or off', { cause })
  }
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
const onOrOff = (value: string): boolean => {
  if (value !== 'on' && value !== 'off') throw new RangeError('expected on or off')
  return value === 'on'
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
  mqttPort: setting(
    'mqtt-port',
    'PORT|off',
    '1883',
    portOrOff,
    'port of the MQTT listener without TLS; 0: any free one; off: none',
  ),
  httpHost: setting('http-host', 'ADDRESS', '127.0.0.1', text, 'address of the HTTP listener'),
  httpPort: setting('http-port', 'PORT', '8080', integer(0, 65_535), 'port of the HTTP listener; 0: any free one'),
  console: setting('console', 'on|off', 'on', onOrOff, 'the pages for people, at the HTTP listener'),
  tlsCert: setting(
    'tls-cert',
    'FILE',
    '',
    optionalText,
    "PEM: the broker's certificate, then those between it and its authority; with it there is MQTT over TLS, and HTTP is HTTPS",
  ),
  tlsKey: setting('tls-key', 'FILE', '', optionalText, 'PEM: private key of that certificate, without a passphrase'),
  mqttsHost: setting('mqtts-host', 'ADDRESS', '127.0.0.1', text, 'address of the MQTT listener with TLS'),
  mqttsPort: setting(
    'mqtts-port',
    'PORT|off',
    '8883',
    portOrOff,
    'port of the MQTT listener with TLS, where there is --tls-cert; 0: any free one; off: none',
  ),
  deviceCa: setting(
    'device-ca',
    'FILE',
    '',
    optionalText,
    'PEM: authorities that sign certificates of devices; with it devices may come in by certificate',
  ),
  deviceCaKey: setting(
    'device-ca-key',
    'FILE',
    '',
    optionalText,
    'PEM: P-256 key of the first of them; with it the broker signs certificates of devices',
  ),
  deviceCertificateDays: setting(
    'device-certificate-days',
    'DAYS',
    '365',
    integer(1, 3_650),
    'how long a certificate it signs is good',
  ),
  devicePasswords: setting('device-passwords', 'true|false', 'true', flag, 'devices may come in by password'),
  mqttGuests: setting(
    'mqtt-guests',
    'true|false',
    'false',
    flag,
    'let in clients that are neither devices nor operators, without a password: a plain MQTT 3.1.1 broker beside the topics of Drover, for tests and closed networks',
  ),
  wsHost: setting('ws-host', 'ADDRESS', '127.0.0.1', text, 'address of the listener for MQTT in WebSockets'),
  wsPort: setting(
    'ws-port',
    'PORT|off',
    'off',
    portOrOff,
    'port for MQTT in WebSockets at /mqtt, wss: where there is --tls-cert; 0: any free one',
  ),
  httpTls: setting('http-tls', 'true|false', 'true', flag, 'HTTPS, where there is --tls-cert'),
  allowPlaintext: setting(
    'allow-plaintext',
    'true|false',
    'false',
    flag,
    'listen without TLS beyond loopback: only behind a TLS proxy or in a closed network',
  ),
  connectionsMax: setting('connections-max', 'COUNT', '50000', integer(1, 1_000_000), 'MQTT connections at once'),
  connectsPerSecond: setting(
    'connects-per-second',
    'COUNT',
    '200',
    integer(1, 100_000),
    'new MQTT connections of one address; ten times as many at once after a rest',
  ),
  failingConnectsPerSecond: setting(
    'failing-connects-per-second',
    'COUNT',
    '100',
    integer(1, 100_000),
    'new MQTT connections of all addresses together whose connects keep failing; more of them wait, or are closed',
  ),
  inProgressMax: setting(
    'in-progress-max',
    'COUNT',
    '1000',
    integer(1, 1_000_000),
    'executions in progress at once over all operations',
  ),
  requireSignedReports: setting(
    'require-signed-reports',
    'true|false',
    'false',
    flag,
    'hand nothing over to a device that does not sign what it reports',
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
  timestampKey: setting(
    'timestamp-key',
    'FILE',
    '',
    optionalText,
    'private key (PEM) of the role timestamp: signs the time that offers carry, so that devices notice old ones',
  ),
  timestampHours: setting(
    'timestamp-hours',
    'HOURS',
    '24',
    integer(1, 8760),
    'how long devices take such a time for fresh',
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
  if (problems.length === 0) problems.push(...tlsProblems(complete))
  if (complete.budgetLabel === '' && (complete.delivery.labelBytesPerSecond ?? 0) > 0)
    problems.push('--label-bytes-per-second: expected --budget-label beside it, which says whose value counts')
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return { kind: command === 'doctor' ? 'doctor' : 'run', config: complete }
}

/** Which listeners there are, and that none speaks in plain text where others can listen. */
function tlsProblems(config: BrokerConfig): readonly string[] {
  const { tlsCert, tlsKey, allowPlaintext } = config
  const problems: string[] = []
  if (tlsCert === undefined && tlsKey !== undefined) problems.push('--tls-key: expected --tls-cert beside it')
  if (tlsCert !== undefined && tlsKey === undefined) problems.push('--tls-cert: expected --tls-key beside it')
  if (config.deviceCa !== undefined && tlsCert === undefined)
    problems.push('--device-ca: expected --tls-cert beside it, certificates are shown over TLS')
  if (config.deviceCaKey !== undefined && config.deviceCa === undefined)
    problems.push('--device-ca-key: expected --device-ca beside it')
  if (!config.devicePasswords && config.deviceCa === undefined)
    problems.push('--device-passwords: false, and there is no --device-ca: no device could come in')
  if (config.mqttPort === undefined && (tlsCert === undefined || config.mqttsPort === undefined))
    problems.push('--mqtt-port: off, and there is no listener with TLS; expected --tls-cert and --mqtts-port')
  const plain = [
    ['mqtt-host', config.mqttPort === undefined ? undefined : config.mqttHost],
    ['ws-host', tlsCert !== undefined || config.wsPort === undefined ? undefined : config.wsHost],
    ['http-host', tlsCert !== undefined && config.httpTls ? undefined : config.httpHost],
  ] as const
  if (!allowPlaintext)
    for (const [name, host] of plain)
      if (host !== undefined && !isLoopback(host))
        problems.push(
          `--${name}: ${host} is not loopback and the listener has no TLS; see --tls-cert and --allow-plaintext`,
        )
  return problems
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
