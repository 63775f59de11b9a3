// What the wishes of the update machine do to the device: one executor a wish, in a table that is complete by its type.
// An executor returns the fact that came of it; what it throws becomes the input `failed`. Each may be carried out again.
import { openEnvelope } from '../../proto/envelope.ts'
import type { Failure } from '../../proto/event-codes.ts'
import { type Manifest, readManifest } from '../../proto/manifest.ts'
import { type AcceptFacts, accept, type InstalledComponent } from '../core/accept.ts'
import type { Job } from '../core/memory.ts'
import { bufferBytes } from '../core/memory-budget.ts'
import { judgeSlots } from '../core/update.ts'
import type { UpdateInput } from '../core/words.ts'
import type { AgentPorts, Installer, SlotName, SlotStatus, UpdateBytes } from '../ports.ts'
import type { Authorizer } from './authorize.ts'
import type { DownloadTarget } from './download-run.ts'
import { unpackDelta, unpackPackage } from './unpack.ts'
import type { JobExecutors } from './work.ts'

export interface FirmwareWork {
  readonly ports: Pick<AgentPorts, 'installers' | 'payloads' | 'patches' | 'health' | 'log'>
  readonly settings: { readonly startsMax: number; readonly windowBytes: number; readonly memoryBudgetBytes: number }
  /** What the agent says in its hello; kept by the executors that change it. */
  readonly installed: Map<string, InstalledComponent>
  readonly facts: () => AcceptFacts
  readonly authorizer: Authorizer
  readonly download: (
    work: { readonly job: Job; readonly manifest: Manifest; readonly target: DownloadTarget },
    signal: AbortSignal,
  ) => Promise<UpdateInput | undefined>
}

/** The executors of an update; those of commands are in commands.ts. */
export type FirmwareExecutors = Omit<JobExecutors, 'prepare' | 'act' | 'restart-device'>

export function firmwareExecutors(work: FirmwareWork): FirmwareExecutors {
  const { installers, payloads, health } = work.ports
  const { memoryBudgetBytes, windowBytes, startsMax } = work.settings
  const installerOf = ({ component }: Pick<Job, 'component'>): Installer => installerNamed(installers, component)
  const membersOf = (installer: Installer): readonly Installer[] =>
    installer.members.map(name => installerNamed(installers, name))
  const lookedAt = async (installer: Installer): Promise<void> => {
    work.installed.set(installer.component, await installedNow(work.ports, installer))
  }
  const validate = (job: Job): UpdateInput => {
    const verdict = accept(Buffer.from(job.envelope, 'base64'), work.facts())
    return verdict.ok ? { kind: 'validated' } : { kind: 'failed', failure: verdict.failure }
  }
  /** What the inactive slot holds; of a package that is the package. */
  const verify = async (job: Job): Promise<Extract<UpdateInput, { kind: 'verified' | 'failed' }>> => {
    const installer = installerOf(job)
    const { digest, sizeBytes } = await installer.hash(inactive(await installer.status()))
    const failure = sizeFailure(job.component, sizeBytes, manifestOf(job).installedSize)
    return failure === undefined ? { kind: 'verified', digest } : { kind: 'failed', failure }
  }
  const authorize = (what: 'download' | 'install', job: Job, signal: AbortSignal): Promise<UpdateInput | undefined> => {
    const installed = work.installed.get(job.component)?.version ?? ''
    // It may have waited for days: the manifest may have expired, and the disk have lost what was verified.
    return work.authorizer.ask(what, job, manifestOf(job), installed, signal, async () => {
      const valid = validate(job)
      if (valid.kind === 'failed' || what === 'download') return valid.kind === 'failed' ? valid : undefined
      const found = await verify(job)
      return found.kind === 'verified' && found.digest === job.digest ? undefined : found
    })
  }
  return {
    validate: async ({ job }) => validate(job),
    'authorize-download': ({ job }, signal) => authorize('download', job, signal),
    'check-storage': async ({ job }) => {
      const manifest = manifestOf(job)
      const memory = { neededBytes: bufferBytes(manifest, windowBytes), availableBytes: memoryBudgetBytes }
      // What is left of a patch that came to nothing is of no use to any other payload.
      if (job.format !== 'delta-zstd') await payloads.discard()
      const update = updateBytes(manifest, await payloads.heldBytes())
      const neededBytes = update.candidate + update.beside + update.members
      const availableBytes = await installerOf(job).availableBytes(update)
      return { kind: 'storage-checked', memory, storage: { neededBytes, availableBytes } }
    },
    download: ({ job }, signal) => {
      const manifest = manifestOf(job)
      const installer = installerOf(job)
      const target =
        job.format === 'delta-zstd'
          ? { open: () => payloads.open(manifest.payloadSize), sources: [] }
          : {
              open: () => installer.openCandidate(manifest.payloadSize),
              sources: job.format === 'combined' ? membersOf(installer) : [installer],
              ...(job.format === undefined ? { patchBase: installer } : {}),
            }
      return work.download({ job, manifest, target }, signal)
    },
    unpack: async ({ job }, signal) => {
      const installer = installerOf(job)
      const failure =
        job.format === 'delta-zstd'
          ? await unpackDelta(work.ports, installer, manifestOf(job), signal)
          : await unpackPackage(installer, membersOf(installer), manifestOf(job), signal)
      if (signal.aborted) return undefined
      return failure === undefined ? { kind: 'unpacked' } : { kind: 'failed', failure }
    },
    verify: ({ job }) => verify(job),
    'authorize-install': ({ job }, signal) => authorize('install', job, signal),
    install: async ({ job }) => {
      const { version, digest, operation } = job
      const image = { version, digest, sizeBytes: manifestOf(job).installedSize, operation }
      await installerOf(job).install(image, startsMax)
      return { kind: 'installed' }
    },
    inspect: async ({ job }) => ({ kind: 'inspected', found: judgeSlots(await installerOf(job).status(), job) }),
    confirm: async ({ job }, signal) => {
      const installer = installerOf(job)
      const { digest } = await installer.hash((await installer.status()).running)
      if (digest !== job.digest) return { kind: 'found-unhealthy', reason: 'digest' }
      for (const check of [...(job.reboot ? [() => health.check()] : []), () => installer.verify(signal)]) {
        const verdict = await check()
        if (!verdict.healthy) return { kind: 'found-unhealthy', reason: verdict.reason.slice(0, 160) }
      }
      return { kind: 'confirmed' }
    },
    commit: async ({ job }) => {
      const installer = installerOf(job)
      await installer.commit()
      // Just hashed by `confirm`: no need to read the image once more.
      work.installed.set(job.component, { version: job.version, digest: job.digest })
      try {
        for (const member of membersOf(installer)) await lookedAt(member)
        if (job.format === 'delta-zstd') await payloads.discard()
      } catch (err) {
        // There is no way back any more: what was left undone is done by the next start, or the next patch.
        work.ports.log.warn(
          { event: 'commit-left-over', operation: job.operation, err },
          'committed, not all tidied up',
        )
      }
      return { kind: 'committed' }
    },
    'roll-back': async ({ job, reason }) => {
      const installer = installerOf(job)
      const parts = [installer, ...membersOf(installer)]
      try {
        await installer.rollBack(job, reason)
      } catch (error) {
        // Whatever runs now is what has to be said; what cannot even be looked at is no news after the first error.
        await Promise.allSettled(parts.filter(({ restart }) => restart === 'none').map(lookedAt))
        throw error
      }
      for (const part of parts) {
        const { running, active } = await part.status()
        if (part.restart !== 'none' && running !== active.slot) return { kind: 'rolled-back', restartNeeded: true }
      }
      for (const part of parts) await lookedAt(part)
      return { kind: 'rolled-back', restartNeeded: false }
    },
  }
}

/** Throws RangeError: a job is only accepted for a component there is an installer of. */
export function installerNamed(installers: readonly Installer[], component: string): Installer {
  const found = installers.find(installer => installer.component === component)
  if (found === undefined) throw new RangeError(`${component}: not a component of this device`)
  return found
}

/** What is active, with the digest of the bytes that are there now. */
export async function installedNow(
  { log }: Pick<AgentPorts, 'log'>,
  installer: Installer,
): Promise<InstalledComponent> {
  const { component } = installer
  const { slot, version } = (await installer.status()).active
  try {
    const { digest } = await installer.hash(slot)
    return { version, digest }
  } catch (err) {
    log.error({ event: 'image-unreadable', component, slot, err }, 'installed image unreadable')
    // The device cannot say what it runs, and must not say that it is what it should be.
    return { version, digest: '0'.repeat(64) }
  }
}

/** `heldBytes`: what the payload store has taken of the disk already. */
function updateBytes({ format, payloadSize, installedSize, chunkIndexSize }: Manifest, heldBytes: number): UpdateBytes {
  switch (format) {
    case 'raw':
      return { candidate: payloadSize, beside: chunkIndexSize, members: 0 }
    case 'delta-zstd':
      return { candidate: installedSize, beside: Math.max(0, payloadSize + chunkIndexSize - heldBytes), members: 0 }
    case 'combined':
      return { candidate: payloadSize, beside: chunkIndexSize, members: installedSize }
  }
}

/** The manifest of an accepted job; its bytes were validated before it became one. */
export function manifestOf(job: Job): Manifest {
  const read = readManifest(openEnvelope(Buffer.from(job.envelope, 'base64')).payload)
  if (!read.ok) throw new Error(`the manifest of ${job.operation} does not read: ${read.failure.code}`)
  return read.manifest
}

/** What the disk gives of a candidate that was whole is less, or more, than was put there. */
function sizeFailure(component: string, actual: number, expected: number): Failure | undefined {
  if (actual === expected) return undefined
  const data = { field: component, expected: `${expected} bytes`, actual: `${actual} bytes` }
  return actual < expected
    ? { code: 'UPD4_FAIL_36', data: { ...data, errno: 'SHORT', reason: 'candidate' } }
    : { code: 'UPD4_FAIL_41', data: { ...data, reason: 'more-bytes' } }
}

function inactive(status: SlotStatus): SlotName {
  return status.active.slot === 'a' ? 'b' : 'a'
}
