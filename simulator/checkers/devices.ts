// What is promised of devices, looked at on their disks: never by what an agent or the broker says of itself.
import type { ArtifactId, DeviceId } from '../../proto/ids.ts'
import { compareVersions } from '../../proto/version.ts'
import { type CheckerOf, type DeviceLook, nameOf } from './checker.ts'

/** No image runs whose signature or digest failed. `sound`: digests of the bytes that may run. */
export function images(sound: ReadonlySet<string>): CheckerOf {
  return report => ({
    name: 'images',
    looked({ device, running, committed }) {
      for (const { version, digest } of [running, committed])
        if (!sound.has(digest))
          report(`${device} runs ${version}, bytes ${digest.slice(0, 16)}: nobody vouches for them`)
    },
  })
}

/** A version never falls, except back to what was committed before; what runs is committed, or on trial. */
export const versions: CheckerOf = report => {
  /** What was committed, the last one last. */
  const before = new Map<DeviceId, readonly string[]>()
  return {
    name: 'versions',
    looked({ device, running, committed, onTrial }) {
      const versions = before.get(device) ?? []
      const last = versions.at(-1) ?? committed.version
      if (last !== committed.version || versions.length === 0) before.set(device, [...versions, committed.version])
      if (compareVersions(committed.version, last) < 0) {
        // Without trials an image is switched to before it is judged: back is then where it came from.
        if (versions.at(-2) !== committed.version)
          report(`${device} had ${last} committed and now ${committed.version}`)
        before.set(device, versions.slice(0, -1))
      }
      if (running.version !== committed.version && !onTrial)
        report(`${device} runs ${running.version}, which is neither committed nor on trial`)
      if (compareVersions(running.version, committed.version) < 0)
        report(`${device} runs ${running.version} below ${committed.version}, which is committed`)
    },
  }
}

/** Nothing is claimed before it is true: who is told to be updated runs the image, and has committed it. */
export function truth(lookAt: (device: DeviceId) => DeviceLook | undefined): CheckerOf {
  return report => ({
    name: 'truth',
    committed({ executions }, ledger) {
      for (const { before, after } of executions) {
        if (after.state !== 'completed' || before?.state === 'completed') continue
        const subject = ledger.operations.get(after.operation)?.subject
        const look = lookAt(after.device)
        if (subject?.kind !== 'release' || look === undefined || look.lies) continue
        if (look.committed.digest !== (subject.digest as ArtifactId))
          report(
            `${nameOf(after.operation, after.device)} completed (${after.code}), it has ${look.committed.version} committed`,
          )
      }
    },
  })
}

/** Once the weather is calm every device has ended its work, and has nothing left to say. */
export const outboxes: CheckerOf = report => ({
  name: 'outboxes',
  async ended({ devices = [] }) {
    for (const { device, outboxCount, busy, wasSeen } of devices) {
      if (!wasSeen) continue
      if (outboxCount > 0) report(`${device} still has ${outboxCount} events to tell`)
      if (busy !== undefined) report(`${device} is still ${busy}`)
    }
  },
})
