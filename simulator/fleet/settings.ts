// The flags of `drover-simulator fleet`: one table, from which the parser and `--help` come. All problems are told at once.
import { parseArgs } from 'node:util'
import { type Expectation, figureNames, parseExpectation } from '../report/expectations.ts'
import { UsageError } from '../verbs/verb-host.ts'
import { type FaultShare, parseFaults } from './fault-mix.ts'
import * as values from './flag-values.ts'
import type { TelemetryProfile } from './plan.ts'
import type { Ramp } from './ramp.ts'

export const sensorsMax = 1_000_000
export const imageBytesMost = 256 * 1024 * 1024

interface Flag<Value> {
  /** Shown behind the flag; absent: the flag stands alone. */
  readonly value?: string
  readonly standard?: string
  readonly meaning: string
  readonly many?: boolean
  /** Throws TypeError that says what was expected. */
  readonly read: (text: string) => Value
}

const flag = <Value>(value: string, meaning: string, read: (text: string) => Value): Flag<Value | undefined> => ({
  value,
  meaning,
  read,
})
const withDefault = <Value>(
  value: string,
  standard: string,
  meaning: string,
  read: (text: string) => Value,
): Flag<Value> => ({ value, standard, meaning, read })
const many = <Value>(value: string, meaning: string, read: (text: string) => Value): Flag<readonly Value[]> =>
  ({ value, meaning, read, many: true }) as unknown as Flag<readonly Value[]>
const alone = (meaning: string): Flag<boolean> => ({ meaning, read: () => true })

const groups = {
  'Which broker': {
    spawn: alone('start drover-broker on this machine, on a fresh folder, and stop it at the end'),
    keep: alone('with --spawn: leave the broker and its folder, and tell where'),
    'broker-flag': many(
      'FLAG=VALUE',
      'with --spawn: a setting of drover-broker, such as chunk-cache-bytes=1048576',
      values.text,
    ),
    url: flag('URL', 'MQTT door: mqtt://host:1883 or mqtts://host:8883', values.address('mqtt:', 'mqtts:')),
    http: flag('URL', 'HTTP door: http://host:8080 or https://host', values.address('http:', 'https:')),
    'token-file': flag('FILE', "an operator's token, on its first line", values.text),
    ca: flag('FILE', 'certificates (PEM) that mqtts: and https: are judged by, instead of the system’s', values.text),
  },
  'Which sensors': {
    devices: withDefault('COUNT', '100', 'sensors in all, over all machines', values.whole(1, sensorsMax)),
    prefix: flag(
      'TEXT',
      'their ids begin with it; default: sensor with --spawn, else a new one in each run',
      values.prefix,
    ),
    profile: flag('FILE', 'kinds of devices with their shares, JSON; default: one kind', values.text),
    faults: withDefault('MIX', '', "exact shares of faulty sensors: 'drop=1%,code-23=0.5%'", parseFaults),
    telemetry: flag(
      'TEXT',
      "plain traffic of each sensor: '1/10s,qos1,64B', or off; default: as the profile says",
      values.telemetry,
    ),
    client: withDefault(
      'light|mqtt',
      'light',
      'MQTT on a bare socket, or the client library of the product',
      values.oneOf('light', 'mqtt'),
    ),
    seed: withDefault(
      'NUMBER',
      '1',
      'of everything by chance: the same seed, the same mix and image',
      values.whole(0, 2 ** 31 - 1),
    ),
    reuse: alone('sensors of that prefix that are enrolled already get new secrets (needs an administrator’s token)'),
    remove: alone('take the sensors out of the registry at the end'),
  },
  'Which update': {
    'image-size': withDefault(
      'SIZE',
      '256KiB',
      'an image of so many bytes by the seed',
      values.size(1024, imageBytesMost),
    ),
    image: flag('FILE', 'these bytes instead', values.text),
    release: flag('ID', 'a release that is there already instead (with --trust)', values.text),
    component: flag('NAME', 'default: the first one of the first profile', values.text),
    version: flag('1.2.3', 'default: the next major version after all profiles', values.text),
    trust: flag('FILE', 'trust document of the sensors; default: one made from the seed', values.text),
    key: flag('FILE', 'private key (PEM) that signs the release; with --trust', values.text),
    policy: flag('FILE', 'policy of the operation, JSON, as POST /v1/operations takes it', values.text),
    concurrency: withDefault('COUNT', '1000', 'sensors in progress at once', values.whole(1, 100_000)),
    'without-update': alone('connect, send telemetry for --think, and end'),
  },
  'When and where': {
    ramp: withDefault('RATE', '200/s', 'connects a second or minute (200/s, 30/m), or all-at-once', values.ramp),
    'warm-up': withDefault(
      'TIME',
      '0s',
      'from the first connect: what ends before it counts in no percentile',
      values.duration,
    ),
    think: withDefault(
      'TIME',
      '0s',
      'rest between the last connect and the update; no part of the duration',
      values.duration,
    ),
    limit: withDefault('TIME', '30m', 'the whole run ends by then', values.duration),
    processes: flag(
      'COUNT',
      'that share the sensors; default: one for each core but one, 5,000 sensors each at most',
      values.whole(1, 256),
    ),
    part: withDefault(
      'I/N',
      '1/1',
      'this machine is the I-th of N with the same flags; the first makes the operation',
      values.part,
    ),
    'start-at': flag(
      'TIME',
      'the first connect, so that several machines begin together: 2026-05-01T12:00:00Z',
      values.moment,
    ),
  },
  'What comes of it': {
    expect: many('THRESHOLD', "'failed<1%', 'p99.total<60s'; may be repeated", parseExpectation),
    title: withDefault('TEXT', 'Fleet', 'of the report', values.text),
    json: flag('FILE', 'the report', values.text),
    csv: flag('FILE', 'one row a sensor', values.text),
    html: flag('FILE', 'the report as a page to send to a colleague', values.text),
    quiet: alone('no progress, the summary only'),
  },
} as const

type Groups = typeof groups
type Flags = { [Group in keyof Groups]: Groups[Group] }[keyof Groups]
type AllFlags = UnionToIntersection<Flags>
type UnionToIntersection<T> = (T extends unknown ? (each: T) => void : never) extends (all: infer All) => void
  ? All
  : never
type Given = { readonly [Name in keyof AllFlags]: AllFlags[Name] extends Flag<infer Value> ? Value : never }

/** Where the sensors and the operation go. */
export type BrokerWish =
  | { readonly kind: 'spawn'; readonly keep: boolean; readonly flags: readonly string[] }
  | {
      readonly kind: 'there'
      readonly mqtt: URL
      readonly http: URL
      readonly tokenFile: string
      readonly caFile: string | undefined
    }

export type UpdateWish =
  | { readonly kind: 'none' }
  | { readonly kind: 'release'; readonly id: string }
  | { readonly kind: 'image'; readonly file: string }
  | { readonly kind: 'made'; readonly bytes: number }

export interface FleetSettings {
  readonly broker: BrokerWish
  readonly devices: number
  readonly prefix: string | undefined
  readonly profileFile: string | undefined
  readonly faults: readonly FaultShare[]
  readonly telemetry: TelemetryProfile | 'off' | undefined
  readonly client: 'light' | 'mqtt'
  readonly seed: number
  readonly reuse: boolean
  readonly remove: boolean
  readonly update: UpdateWish
  readonly component: string | undefined
  readonly version: string | undefined
  readonly trustFile: string | undefined
  readonly keyFile: string | undefined
  readonly policyFile: string | undefined
  readonly concurrency: number
  readonly ramp: Ramp
  readonly warmUpMs: number
  readonly thinkMs: number
  readonly limitMs: number
  readonly processes: number | undefined
  readonly part: { readonly number: number; readonly of: number }
  /** Milliseconds since 1970. */
  readonly startAt: number | undefined
  readonly expectations: readonly Expectation[]
  readonly title: string
  readonly files: {
    readonly json: string | undefined
    readonly csv: string | undefined
    readonly html: string | undefined
  }
  readonly quiet: boolean
  /** As given, for the report. */
  readonly spoken: readonly (readonly [flag: string, value: string])[]
}

const allFlags: Readonly<Record<string, Flag<unknown>>> = Object.assign({}, ...Object.values(groups))

/** Throws UsageError with a line for each problem. */
export function readSettings(args: readonly string[]): FleetSettings {
  const problems: string[] = []
  const { given, spoken } = readFlags(args, problems)
  const broker = brokerOf(given, problems)
  const update = updateOf(given, problems)
  if (given.part.of > 1 && given.prefix === undefined)
    problems.push('--part: expected --prefix beside it, so that all machines speak of the same sensors')
  if (given.part.of > 1 && broker.kind === 'spawn')
    problems.push('--part: expected --url, not --spawn: one broker for all machines')
  if (given.part.number > given.devices) problems.push('--part: expected no more machines than sensors')
  if (problems.length > 0) throw new UsageError(problems.join('\n  '))
  return {
    broker,
    update,
    spoken,
    ...pick(given, 'devices', 'prefix', 'faults', 'telemetry', 'client', 'seed', 'reuse', 'remove', 'component'),
    ...pick(given, 'version', 'concurrency', 'ramp', 'processes', 'part', 'title', 'quiet'),
    profileFile: given.profile,
    trustFile: given.trust,
    keyFile: given.key,
    policyFile: given.policy,
    warmUpMs: given['warm-up'],
    thinkMs: given.think,
    limitMs: given.limit,
    startAt: given['start-at'],
    expectations: given.expect,
    files: pick(given, 'json', 'csv', 'html'),
  }
}

/** All flags with their meanings and defaults. */
export function flagsText(): string {
  return Object.entries(groups)
    .map(([title, flags]) => {
      const rows = Object.entries<Flag<unknown>>(flags).map(([name, { value, meaning, standard }]) => {
        const left = `  --${name}${value === undefined ? '' : ` ${value}`}`
        const right = `${meaning}${standard ? ` [${standard}]` : ''}`
        return left.length > 27 ? `${left}\n${' '.repeat(28)}${right}` : `${left.padEnd(28)}${right}`
      })
      return `${title}:\n${rows.join('\n')}`
    })
    .concat(`Figures for --expect: ${figureNames.join(' ')}`)
    .join('\n\n')
}

function readFlags(
  args: readonly string[],
  problems: string[],
): { readonly given: Given; readonly spoken: FleetSettings['spoken'] } {
  let parsed: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  try {
    parsed = parseArgs({
      args: [...args],
      options: Object.fromEntries(
        Object.entries(allFlags).map(([name, { value, many: repeated }]) => [
          name,
          { type: value === undefined ? 'boolean' : 'string', multiple: repeated === true },
        ]),
      ),
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
  const spoken: (readonly [string, string])[] = []
  const given: Record<string, unknown> = {}
  for (const [name, entry] of Object.entries(allFlags)) {
    const said = parsed[name]
    const texts = (Array.isArray(said) ? said : [said ?? entry.standard]).filter(each => each !== undefined).map(String)
    if (said !== undefined) for (const each of texts) spoken.push([`--${name}`, each])
    const read = texts.flatMap(each => {
      try {
        return [entry.read(each)]
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        problems.push(
          `--${name}: ${error.message}${error.message.includes('got ') ? '' : `, got ${JSON.stringify(each)}`}`,
        )
        return []
      }
    })
    given[name] = entry.many === true ? read : entry.value === undefined ? said === true : read[0]
  }
  return { given: given as Given, spoken }
}

function brokerOf(given: Given, problems: string[]): BrokerWish {
  const { url, http, ca } = given
  const tokenFile = given['token-file']
  if (given.spawn) {
    for (const [name, value] of Object.entries({ url, http, ca, 'token-file': tokenFile }))
      if (value !== undefined)
        problems.push(`--${name}: expected either it or --spawn, which starts a broker of its own`)
    return { kind: 'spawn', keep: given.keep, flags: given['broker-flag'].map(each => `--${each.replace(/^--/, '')}`) }
  }
  if (given.keep) problems.push('--keep: expected --spawn beside it')
  if (given['broker-flag'].length > 0) problems.push('--broker-flag: expected --spawn beside it')
  if (url === undefined || http === undefined || tokenFile === undefined)
    problems.push('expected --spawn, or --url, --http and --token-file of a broker that is there')
  const nowhere = new URL('mqtt://nowhere')
  return { kind: 'there', mqtt: url ?? nowhere, http: http ?? nowhere, tokenFile: tokenFile ?? '', caFile: ca }
}

function updateOf(given: Given, problems: string[]): UpdateWish {
  const { image, release, trust, key } = given
  const chosen = Object.entries({ image, release, 'without-update': given['without-update'] || undefined }).filter(
    ([, value]) => value !== undefined,
  )
  if (chosen.length > 1) problems.push(`${chosen.map(([name]) => `--${name}`).join(', ')}: expected one of them`)
  if (release !== undefined && trust === undefined)
    problems.push('--release: expected --trust beside it: sensors install only what they trust')
  if (key !== undefined && trust === undefined) problems.push('--key: expected --trust beside it')
  if (key === undefined && trust !== undefined && release === undefined && !given['without-update'])
    problems.push('--trust: expected --key beside it, which signs the release')
  if (given['without-update']) return { kind: 'none' }
  if (release !== undefined) return { kind: 'release', id: release }
  return image === undefined ? { kind: 'made', bytes: given['image-size'] } : { kind: 'image', file: image }
}

function pick<From, Name extends keyof From>(from: From, ...names: readonly Name[]): Pick<From, Name> {
  return Object.fromEntries(names.map(name => [name, from[name]])) as Pick<From, Name>
}
