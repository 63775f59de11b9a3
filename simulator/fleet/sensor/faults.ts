// What is done to a sensor for each fault, by its real condition: to its line, disk, power, clock, keys, application, or to
// what it is. How it has to end is told by fault-expectations.ts.
import type { AgentSettings } from '../../../agent/agent.ts'
import type { Answer, Authorization, Clock, Health } from '../../../agent/ports.ts'
import { decode, encode } from '../../../proto/codec.ts'
import { envelopeBytesMax, vendorDataBytesMax } from '../../../proto/limits.ts'
import type { Manifest } from '../../../proto/manifest.ts'
import { encodeDeltaMetadata } from '../../../proto/patch.ts'
import type { Seed } from '../../world/seed.ts'
import type { FaultName } from '../fault-names.ts'
import type { ComponentProfile, DeviceProfile } from '../plan.ts'
import { forgedPackage, type PackageFault, packageFields } from './forged-package.ts'
import type { LineTap } from './line.ts'
import * as line from './line-faults.ts'
import type { JournalWatch } from './memory-journal.ts'
import { abortedSessions, changedOffers, lyingAbout, servedHere } from './offer-faults.ts'
import type { Content } from './piece-pool.ts'
import { type CutStep, powerCutAt } from './power-fault.ts'
import type { SensorShared } from './shared.ts'
import type { DiskFaults } from './virtual-disk.ts'
import type { SlotQuirks } from './virtual-slots.ts'

export interface FaultContext {
  readonly profile: DeviceProfile
  readonly shared: SensorShared
  readonly seed: Seed
  readonly clock: Clock
  /** The fault has really been done. */
  readonly told: () => void
  readonly cutPower: () => void
  /** What is installed of the component, in the first slot; undefined before the first boot. */
  readonly installed: (component: string) => Content | undefined
}

/** Everything that is absent is as on a good device. */
export interface Doing {
  readonly profile?: Partial<DeviceProfile>
  readonly taps?: readonly LineTap[]
  readonly settings?: Partial<AgentSettings>
  readonly disk?: DiskFaults
  readonly journal?: JournalWatch
  readonly clockAheadMs?: number
  readonly slots?: SlotQuirks
  readonly health?: Health
  readonly authorization?: Authorization
  /** A package of all components besides, under this name. */
  readonly packageName?: string
}

const yearMs = 365 * 24 * 3_600_000
const packageName = 'package'

export function doingOf(fault: FaultName | undefined, context: FaultContext): Doing {
  return fault === undefined ? {} : doings[fault](context)
}

const cutAt =
  (step: CutStep) =>
  ({ clock, seed, cutPower, told }: FaultContext): Doing => ({
    journal: powerCutAt(step, clock, seed, () => {
      told()
      cutPower()
    }),
  })

/** The same manifest with `changes`, signed by a key that this sensor trusts. */
const forged =
  (changes: (manifest: Manifest, context: FaultContext) => Partial<Manifest>) =>
  (context: FaultContext): Doing => {
    const { forge } = context.shared
    const change = (envelope: Uint8Array): Uint8Array | undefined =>
      forge.changed(envelope, manifest => changes(manifest, context))
    return { taps: [changedOffers(change, context.told)], settings: { trust: forge.trust } }
  }

/** The envelope with its parts bent, signatures as they were. */
const bent =
  (change: (envelope: Uint8Array) => Uint8Array) =>
  ({ told }: FaultContext): Doing => ({ taps: [changedOffers(change, told)] })

const wired = (envelope: Uint8Array) => decode('SignedEnvelope', envelope, envelopeBytesMax)

const package_ =
  (fault: PackageFault) =>
  (context: FaultContext): Doing => {
    const [{ name: member }] = context.profile.components as readonly [ComponentProfile]
    const made = forgedPackage(fault, member)
    const { taps = [], settings = {} } = forged(() => packageFields(made, packageName))(context)
    return { taps: [...taps, servedHere(made.payload)], settings, packageName }
  }

/** A patch from `base`: frames of a few kilobytes at most. */
function delta(base: Content | undefined, precursorSha256: string): Partial<Manifest> {
  const baseSize = base?.sizeBytes ?? 1
  const metadata = { baseSize, frameBytesMax: 4096, baseBytesMax: 4096, encodedBytesMax: 4096 }
  return { format: 'delta-zstd', metadata: encodeDeltaMetadata(metadata), precursorSha256 }
}

const answering = (download: Answer, install: Answer): Doing => ({
  authorization: { download: async () => download, install: async () => install },
})
const yes: Answer = { kind: 'authorized' }
const no: Answer = { kind: 'rejected', reason: 'application-says-no' }

const another = (id: string): string => `${id.startsWith('f') ? '0' : 'f'}${id.slice(1)}`

const eachComponent =
  (change: (component: ComponentProfile) => Partial<ComponentProfile>) =>
  ({ profile }: FaultContext): Doing => ({
    profile: { components: profile.components.map(each => ({ ...each, ...change(each) })) },
  })

const unhealthy = { healthy: false, reason: 'does-not-start' } as const

const doings: Readonly<Record<FaultName, (context: FaultContext) => Doing>> = {
  drop: ({ told }) => ({ taps: [line.dropping(0.1, told)], settings: { chunkTimeoutMs: 2000, chunkRetriesMax: 100 } }),
  duplicate: ({ told }) => ({ taps: [line.doubling(0.3, told)] }),
  delay: ({ told }) => ({ taps: [line.delaying(20, 500, told)] }),
  'corrupt-chunk': ({ told }) => ({ taps: [line.spoiling(0.1, told)], settings: { refetchMax: 100 } }),
  flapping: ({ told }) => ({ taps: [line.flapping(1500, 8, told)] }),
  'slow-reader': ({ profile }) => ({
    profile: { downBytesPerSecond: Math.min(profile.downBytesPerSecond ?? slowBytesPerSecond, slowBytesPerSecond) },
  }),
  'power-cut-accepted': cutAt('accepting'),
  'power-cut-downloading': cutAt('downloading'),
  'power-cut-verifying': cutAt('verifying'),
  'power-cut-installing': cutAt('installing'),
  'power-cut-rebooting': cutAt('rebooting'),
  'power-cut-confirming': cutAt('confirming'),
  'other-vendor': ({ profile }) => ({ profile: { vendorId: another(profile.vendorId) } }),
  lying: ({ profile, told }) => ({
    taps: [lyingAbout(new Set(profile.components.map(({ version }) => version)), told)],
  }),
  'clock-wrong': () => ({ clockAheadMs: 1000 * yearMs }),
  'code-21': forged(() => ({ uri: 'http://192.0.2.1/image' })),
  'code-22': bent(envelope => envelope.subarray(0, -1)),
  'code-23': bent(envelope => {
    const wire = wired(envelope)
    const signatures = wire.signatures.map(each => {
      const signature = Buffer.from(each.signature ?? [])
      signature[0] = (signature[0] ?? 0) ^ 1
      return { ...each, signature }
    })
    return encode('SignedEnvelope', { ...wire, signatures })
  }),
  'code-24': ({ told }) => ({
    taps: [line.withoutChunks(told)],
    settings: { chunkTimeoutMs: 500, chunkRetriesMax: 2 },
  }),
  'code-25': () => ({ slots: { formats: [] } }),
  'code-26': ({ told }) => ({ taps: [line.spoiling(1, told)] }),
  'code-27': eachComponent(() => ({ version: '999.999.999' })),
  'code-28': bent(envelope => encode('SignedEnvelope', { ...wired(envelope), schemaVersion: 2 })),
  'code-29': forged(() => ({ vendorData: new Uint8Array(vendorDataBytesMax + 1) })),
  'code-30': forged(({ vendorId }) => ({ vendorId: another(vendorId) })),
  'code-31': ({ profile }) => ({ profile: { classId: another(profile.classId) } }),
  'code-32': forged((_, { installed, profile: { components } }) =>
    delta(installed(components[0]?.name ?? ''), '00'.repeat(32)),
  ),
  'code-33': () => ({ profile: { storageBytes: 1024 } }),
  'code-34': () => ({ settings: { memoryBudgetBytes: 1024 } }),
  'code-35': ({ told }) => ({ disk: { write: fullAfter(1, told) } }),
  'code-36': ({ told }) => ({
    disk: {
      read: path => {
        if (!isCandidate(path)) return undefined
        told()
        return 'EIO'
      },
    },
  }),
  'code-37': () => answering(yes, no),
  'code-38': () => answering(no, no),
  'code-39': eachComponent(({ name }) => ({ name: `x-${name}`.slice(0, 32) })),
  'code-40': () => ({ health: { check: async () => unhealthy }, slots: { verdict: unhealthy } }),
  'code-41': () => ({ slots: { broken: new Error('the flash driver divides by zero') } }),
  'code-42': forged(({ component }, { installed }) => {
    const base = installed(component)
    return delta(base, base?.digest ?? '00'.repeat(32))
  }),
  'code-43': ({ shared }) => ({ settings: { trust: shared.forge.unusableTrust } }),
  'code-44': () => ({ settings: { trust: undefined } }),
  'code-45': ({ told }) => ({ taps: [abortedSessions(told)] }),
  'code-46': package_('UPD4_FAIL_46'),
  'code-47': package_('UPD4_FAIL_47'),
  'code-48': package_('UPD4_FAIL_48'),
  'code-49': package_('UPD4_FAIL_49'),
}

const slowBytesPerSecond = 32 * 1024

/** The inactive slot of a device that never came to install anything. */
function isCandidate(path: string): boolean {
  return path.endsWith('/b/image')
}

/** The disk fills up after so many writes of the image. */
function fullAfter(writes: number, told: () => void): (path: string) => string | undefined {
  let count = 0
  return path => {
    if (!isCandidate(path)) return undefined
    count += 1
    if (count <= writes) return undefined
    told()
    return 'ENOSPC'
  }
}
