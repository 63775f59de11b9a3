// From flags to a fleet that could start: files read, profiles and mix made, keys, bundles and policy checked. Whatever is
// wrong with a file is told here, before a process is started.
import { readFile, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Errors } from 'typebox/value'
import { PolicyRequest } from '../../proto/http-policy.ts'
import { UsageError } from '../verbs/verb-host.ts'
import { type FleetKeys, madeKeys, readKeys } from './keys.ts'
import type { DeviceProfile } from './plan.ts'
import { defaultProfile, parseProfiles } from './profile-file.ts'
import { makeImage, type Target, targetOf } from './release.ts'
import { type Member, rosterOf, withTelemetry } from './roster.ts'
import { type FleetSettings, imageBytesMost } from './settings.ts'

export interface Preparation {
  readonly settings: FleetSettings
  readonly prefix: string
  readonly profiles: readonly DeviceProfile[]
  /** Of this machine. */
  readonly members: readonly Member[]
  readonly processes: number
  readonly keys: FleetKeys
  /** Undefined: no image of ours, or no update. */
  readonly image: Buffer | undefined
  /** Undefined: no update, or the release says it. */
  readonly target: Target | undefined
  readonly policy: PolicyRequest
  readonly token: string | undefined
  readonly ca: string | undefined
}

const textBytesMax = 4 * 1024 * 1024
/** Beyond it the event loop of one process is what is measured. */
const sensorsEach = 5000

/** `startedAt`: milliseconds since 1970. Throws UsageError that names flag and file. */
export async function prepare(settings: FleetSettings, cwd: string, startedAt: number): Promise<Preparation> {
  const { broker, update, part, seed } = settings
  const read = (flag: string, file: string | undefined): Promise<Buffer | undefined> =>
    file === undefined ? Promise.resolve(undefined) : readSmall(flag, resolve(cwd, file), textBytesMax)
  const [profileText, policyText, trust, key, token, ca] = await Promise.all([
    read('--profile', settings.profileFile),
    read('--policy', settings.policyFile),
    read('--trust', settings.trustFile),
    read('--key', settings.keyFile),
    read('--token-file', broker.kind === 'there' ? broker.tokenFile : undefined),
    read('--ca', broker.kind === 'there' ? broker.caFile : undefined),
  ])
  const shares = usable(() =>
    profileText === undefined
      ? [{ profile: defaultProfile, share: 1 }]
      : parseProfiles(profileText.toString(), `--profile ${settings.profileFile}`),
  )
  const profiles = shares.map(({ profile }) => withTelemetry(profile, settings.telemetry))
  const prefix =
    settings.prefix ?? (broker.kind === 'spawn' ? 'sensor' : `sim-${Math.floor(startedAt / 1000).toString(36)}`)
  const members = rosterOf({ ...settings, prefix, profiles: shares, part })
  const processes = settings.processes ?? standardProcesses(members.length)
  const ours = update.kind === 'made' || update.kind === 'image'
  return {
    settings,
    prefix,
    profiles,
    members,
    processes: Math.min(processes, members.length),
    keys: usable(() => (trust === undefined ? madeKeys(seed) : readKeys(trust, key?.toString(), startedAt))),
    image: !ours
      ? undefined
      : update.kind === 'made'
        ? makeImage(seed, update.bytes)
        : await readSmall('--image', resolve(cwd, update.file), imageBytesMost),
    target: ours ? usable(() => targetOf(profiles, settings.component, settings.version)) : undefined,
    policy: {
      ...standardPolicy(
        settings.concurrency,
        settings.faults.some(({ fault }) => fault === 'code-45'),
      ),
      ...(policyText === undefined ? {} : policyOf(policyText.toString())),
    },
    token: token?.toString().trim().split('\n')[0],
    ca: ca?.toString(),
  }
}

/** Nothing is tried again and nothing is stopped: each sensor has to end as expected of it. */
function standardPolicy(concurrency: number, breaksBroadcast: boolean): PolicyRequest {
  return {
    concurrency,
    abort: [],
    retries: [],
    // A sensor that loses packets of a broadcast may fetch them; one that is to end with 45 must not get the chance.
    delivery: { retryByPull: !breaksBroadcast },
    stepTimeoutMinutes: 10,
    inProgressTimeoutMinutes: 120,
    confirmTimeoutMinutes: 2,
  }
}

function policyOf(text: string): PolicyRequest {
  let policy: unknown
  try {
    policy = JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`--policy: expected JSON: ${(cause as Error).message}`, { cause })
  }
  const [first] = Errors(PolicyRequest, policy)
  if (first === undefined) return policy as PolicyRequest
  throw new UsageError(`--policy: ${first.instancePath.replaceAll('/', '.').slice(1) || 'the policy'} ${first.message}`)
}

function standardProcesses(sensors: number): number {
  return Math.max(1, availableParallelism() - 1, Math.ceil(sensors / sensorsEach))
}

async function readSmall(flag: string, path: string, most: number): Promise<Buffer> {
  try {
    const { size } = await stat(path)
    if (size > most) throw new UsageError(`${flag}: ${path} has ${size} bytes, expected at most ${most}`)
    if (size === 0) throw new UsageError(`${flag}: ${path} is empty`)
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`${flag}: expected a file that can be read: ${(cause as Error).message}`, { cause })
  }
}

/** What a parser says of a file is the command line's fault. */
function usable<Value>(make: () => Value): Value {
  try {
    return make()
  } catch (cause) {
    if (cause instanceof TypeError || (cause as { code?: unknown }).code === 'PROFILE_FILE_INVALID')
      throw new UsageError((cause as Error).message, { cause })
    throw cause
  }
}
