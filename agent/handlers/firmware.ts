// What the wishes of the update machine do to the device: one executor a wish, in a table that is complete by its type.
// An executor returns the fact that came of it; what it throws becomes the input `failed`. Each may be carried out again.
import { openEnvelope } from '../../proto/envelope.ts'
import { type Manifest, readManifest } from '../../proto/manifest.ts'
import { type AcceptFacts, accept, type InstalledComponent } from '../core/accept.ts'
import type { Job } from '../core/memory.ts'
import { judgeSlots, type UpdateInput } from '../core/update.ts'
import type { AgentPorts, SlotName, SlotStatus } from '../ports.ts'
import type { JobExecutors } from './work.ts'

export interface FirmwareWork {
  readonly ports: Pick<AgentPorts, 'slots' | 'health' | 'log'>
  readonly startsMax: number
  /** What the agent says in its hello; kept by the executors that change it. */
  readonly installed: Map<string, InstalledComponent>
  readonly facts: () => AcceptFacts
  readonly download: (job: Job, manifest: Manifest, signal: AbortSignal) => Promise<UpdateInput | undefined>
}

/** The executors of an update; those of commands are in commands.ts. */
export type FirmwareExecutors = Omit<JobExecutors, 'prepare' | 'act' | 'restart-device'>

export function firmwareExecutors(work: FirmwareWork): FirmwareExecutors {
  const { slots, health } = work.ports
  return {
    validate: async ({ job }) => {
      const verdict = accept(Buffer.from(job.envelope, 'base64'), work.facts())
      return verdict.ok ? { kind: 'validated' } : { kind: 'failed', failure: verdict.failure }
    },
    'check-storage': async ({ job }) => {
      const { installedSize, chunkIndexSize } = manifestOf(job)
      const availableBytes = await slots.availableBytes(job.component)
      return { kind: 'storage-checked', neededBytes: installedSize + chunkIndexSize, availableBytes }
    },
    download: ({ job }, signal) => work.download(job, manifestOf(job), signal),
    verify: async ({ job }) => {
      const candidate = inactive(await slots.status(job.component))
      const { digest } = await slots.hash(job.component, candidate)
      return { kind: 'verified', digest }
    },
    install: async ({ job }) => {
      const { component, version, digest, reboot } = job
      const image = { version, digest, sizeBytes: manifestOf(job).installedSize }
      if (reboot) await slots.startTrial(component, image, work.startsMax)
      else await slots.activate(component, image)
      return { kind: 'installed' }
    },
    inspect: async ({ job }) => ({ kind: 'inspected', found: judgeSlots(await slots.status(job.component), job) }),
    confirm: async ({ job }) => {
      const { running } = await slots.status(job.component)
      const { digest } = await slots.hash(job.component, running)
      if (digest !== job.digest) return { kind: 'found-unhealthy', reason: 'digest' }
      const verdict = job.reboot ? await health.check() : ({ healthy: true } as const)
      return verdict.healthy ? { kind: 'confirmed' } : { kind: 'found-unhealthy', reason: verdict.reason.slice(0, 160) }
    },
    commit: async ({ job }) => {
      if (job.reboot) await slots.commit(job.component)
      // Just hashed by `confirm`: no need to read the image once more.
      work.installed.set(job.component, { version: job.version, digest: job.digest })
      return { kind: 'committed' }
    },
    'roll-back': async ({ job, reason }) => {
      await slots.rollBack(job.component, job, reason)
      const status = await slots.status(job.component)
      if (status.running !== status.active.slot) return { kind: 'rolled-back', restartNeeded: true }
      work.installed.set(job.component, await installedNow(work.ports, status))
      return { kind: 'rolled-back', restartNeeded: false }
    },
  }
}

/** What is active, with the digest of the bytes that are there now. */
export async function installedNow(
  ports: Pick<AgentPorts, 'slots' | 'log'>,
  status: SlotStatus,
): Promise<InstalledComponent> {
  const { slot, version } = status.active
  try {
    const { digest } = await ports.slots.hash(status.component, slot)
    return { version, digest }
  } catch (err) {
    ports.log.error({ event: 'image-unreadable', component: status.component, slot, err }, 'installed image unreadable')
    // The device cannot say what it runs, and must not say that it is what it should be.
    return { version, digest: '0'.repeat(64) }
  }
}

/** The manifest of an accepted job; its bytes were validated before it became one. */
export function manifestOf(job: Job): Manifest {
  const read = readManifest(openEnvelope(Buffer.from(job.envelope, 'base64')).payload)
  if (!read.ok) throw new Error(`the manifest of ${job.operation} does not read: ${read.failure.code}`)
  return read.manifest
}

function inactive(status: SlotStatus): SlotName {
  return status.active.slot === 'a' ? 'b' : 'a'
}
