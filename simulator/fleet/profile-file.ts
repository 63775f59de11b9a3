// The profile file: what kinds of devices a fleet is made of, and how many of each. JSON, either one profile or a list of
// them; everything has a default, so that `{}` is a good profile already.
import Type, { type Static, type TSchema } from 'typebox'
import { Errors } from 'typebox/value'
import { agentDefaults } from '../../agent/settings/agent-defaults.ts'
import { isComponentName } from '../../proto/ids.ts'
import { componentNameBytesMax } from '../../proto/limits.ts'
import type { DeviceProfile } from './plan.ts'

export interface ProfileShare {
  readonly profile: DeviceProfile
  /** Weight among the others; above 0. */
  readonly share: number
}

/** The file cannot be used; `problems` has one line for each thing to repair. */
export class ProfileFileError extends Error {
  override readonly name = 'ProfileFileError'
  readonly code = 'PROFILE_FILE_INVALID'
  readonly problems: readonly string[]
  constructor(file: string, problems: readonly string[], options?: ErrorOptions) {
    super(`${file} cannot be used:\n${problems.map(problem => `  - ${problem}`).join('\n')}`, options)
    this.problems = problems
  }
}

export const profilesMax = 64
const problemsMax = 20

/** What a sensor is when nobody says otherwise: vendor `Drover-simulator`, class `virtual-sensor-1`, one component. */
export const defaultProfile: DeviceProfile = {
  name: 'sensor',
  vendorId: Buffer.from('Drover-simulator').toString('hex'),
  classId: Buffer.from('virtual-sensor-1').toString('hex'),
  components: [{ name: 'main', version: '1.0.0', imageBytes: 256 * 1024, reboot: true }],
  tags: [],
  attributes: {},
  downBytesPerSecond: undefined,
  latencyMs: 0,
  offline: undefined,
  battery: undefined,
  storageBytes: 64 * 1024 * 1024,
  memoryBudgetBytes: agentDefaults.memoryBudgetBytes,
  bootMs: 1000,
  keepAliveSeconds: 60,
  telemetry: undefined,
}

/** `name`: of the file, for messages. Throws ProfileFileError with all problems, each naming the field. */
export function parseProfiles(text: string, name: string): readonly ProfileShare[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new ProfileFileError(name, [`expected JSON: ${(cause as Error).message}`], { cause })
  }
  const given: readonly unknown[] = Array.isArray(json) ? json : [json]
  if (given.length === 0 || given.length > profilesMax)
    throw new ProfileFileError(name, [`expected 1 to ${profilesMax} profiles, got ${given.length}`])
  const problems: string[] = []
  const profiles = given.flatMap((entry, position) => {
    const where = Array.isArray(json) ? `[${position}]` : ''
    const wrong = problemsOf(entry, where)
    problems.push(...wrong)
    return wrong.length > 0 ? [] : [profileOf(entry as FileProfile, position)]
  })
  const twice = profiles.find(({ profile }, position) =>
    profiles.slice(0, position).some(other => other.profile.name === profile.name),
  )
  if (twice !== undefined) problems.push(`name: expected another one for each profile, got ${twice.profile.name} twice`)
  if (problems.length > 0) throw new ProfileFileError(name, problems.slice(0, problemsMax))
  return profiles
}

const Bytes = (most: number) => Type.Integer({ minimum: 1, maximum: most })
const Identity = Type.String({ pattern: '^[0-9a-f]{32}$' })
const Label = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$' })
const Percent = Type.Number({ minimum: 0, maximum: 100 })
const hourMs = 3_600_000
const mebibyte = 1024 * 1024
const closed = { additionalProperties: false } as const
const rest = <T extends TSchema>(schema: T) => Type.Optional(schema)

const Component = Type.Object(
  {
    name: rest(Type.String({ minLength: 1, maxLength: componentNameBytesMax })),
    version: rest(Type.String({ pattern: '^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$' })),
    imageBytes: rest(Bytes(256 * mebibyte)),
    reboot: rest(Type.Boolean()),
  },
  closed,
)

const FileProfile = Type.Object(
  {
    share: rest(Type.Number({ exclusiveMinimum: 0 })),
    name: rest(Label),
    vendorId: rest(Identity),
    classId: rest(Identity),
    components: rest(Type.Array(Component, { minItems: 1, maxItems: 8 })),
    tags: rest(Type.Array(Label, { maxItems: 32 })),
    attributes: rest(Type.Record(Type.String(), Type.String({ maxLength: 256 }))),
    downBytesPerSecond: rest(Bytes(1024 * mebibyte)),
    latencyMs: rest(Type.Integer({ minimum: 0, maximum: 60_000 })),
    offline: rest(
      Type.Object(
        {
          onMs: Type.Integer({ minimum: 100, maximum: 240 * hourMs }),
          offMs: Type.Integer({ minimum: 100, maximum: 240 * hourMs }),
        },
        closed,
      ),
    ),
    battery: rest(
      Type.Object(
        {
          chargePercent: rest(Type.Array(Percent, { minItems: 2, maxItems: 2 })),
          installPercentMin: rest(Percent),
          percentPerHour: rest(Type.Number({ minimum: -100_000, maximum: 100_000 })),
        },
        closed,
      ),
    ),
    storageBytes: rest(Bytes(2 ** 40)),
    memoryBudgetBytes: rest(Type.Integer({ minimum: 1024, maximum: 1024 * mebibyte })),
    bootMs: rest(Type.Integer({ minimum: 0, maximum: hourMs })),
    signsReports: rest(Type.Boolean()),
    keepAliveSeconds: rest(Type.Integer({ minimum: 5, maximum: 3600 })),
    telemetry: rest(
      Type.Object(
        {
          qos: rest(Type.Union([Type.Literal(0), Type.Literal(1)])),
          everyMs: rest(Type.Integer({ minimum: 10, maximum: 24 * hourMs })),
          payloadBytes: rest(Type.Integer({ minimum: 0, maximum: 64 * 1024 })),
        },
        closed,
      ),
    ),
  },
  closed,
)
type FileProfile = Static<typeof FileProfile>

function profileOf(given: FileProfile, position: number): ProfileShare {
  const { share = 1, components, battery, telemetry, offline, downBytesPerSecond, ...others } = given
  const [component] = defaultProfile.components
  const [least = 100, most = 100] = battery?.chargePercent ?? []
  return {
    share,
    profile: {
      ...defaultProfile,
      ...(position === 0 ? {} : { name: `${defaultProfile.name}-${position + 1}` }),
      ...others,
      components: components?.map(each => ({ ...component, ...each })) as DeviceProfile['components'],
      ...(components === undefined ? { components: defaultProfile.components } : {}),
      downBytesPerSecond,
      offline,
      battery: battery && {
        chargePercent: [least, most],
        installPercentMin: battery.installPercentMin ?? 20,
        percentPerHour: battery.percentPerHour ?? 0,
      },
      telemetry: telemetry && {
        qos: telemetry.qos ?? 0,
        everyMs: telemetry.everyMs ?? 60_000,
        payloadBytes: telemetry.payloadBytes ?? 64,
      },
    },
  }
}

function problemsOf(entry: unknown, where: string): readonly string[] {
  const said = new Map<string, string>()
  for (const error of Errors(FileProfile, entry)) {
    const { instancePath, message } = error
    // A name nobody knows is said by its own error, and by one of each kind of value it might have been.
    const field = `${where}${instancePath.replaceAll('/', '.')}`.replace(/^\./, '') || 'the profile'
    if (!said.has(field)) said.set(field, `${field}: ${message}${unknownNames(error)}`)
  }
  const problems = [...said.values()]
  if (problems.length > 0) return problems
  const { components = [], battery } = entry as FileProfile
  const names = components.map(component => component.name ?? 'main')
  for (const [position, component] of names.entries()) {
    const field = `${where}.components.${position}.name`.replace(/^\./, '')
    if (!isComponentName(component))
      problems.push(`${field}: expected letters, digits and . _ -, beginning with a letter or digit, got ${component}`)
    if (names.indexOf(component) < position) problems.push(`${field}: expected another name, got ${component} twice`)
  }
  const [least = 0, most = 100] = battery?.chargePercent ?? []
  if (least > most) problems.push(`${where}.battery.chargePercent: expected the smaller first, got ${least}, ${most}`)
  return problems
}

function unknownNames(error: { readonly params?: unknown }): string {
  const { additionalProperties } = (error.params ?? {}) as { readonly additionalProperties?: readonly string[] }
  return additionalProperties === undefined ? '' : `: ${additionalProperties.join(', ')}`
}
