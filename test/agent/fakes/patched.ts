// An image that a small patch makes of the installed one, a device that is offered both, and what became of it.
import type { Test } from 'tap'
import { ZstdPatches } from '../../../agent/adapters/zstd-delta.ts'
import type { AgentSettings } from '../../../agent/agent.ts'
import { patchFrameHeadBytes, patchMagic } from '../../../proto/patch.ts'
import { makePatch } from '../../fixtures/patch.ts'
import type { OfferedPatch } from './broker.ts'
import { FakeDevice } from './device.ts'
import { imageOf, type Release, releaseOf, sha256Hex } from './release.ts'

export const patches = new ZstdPatches()
export const old = imageOf('one', 20_000)
/** Nearly every chunk is another one, and a patch of it is small: of 400 bytes 60 are new. */
const fresh = imageOf('two', 20_000)
export const image = Buffer.from(old).map((byte, at) => (at % 400 < 60 ? (fresh[at] ?? 0) : byte)) as Buffer
export const release = releaseOf(Buffer.from(image))

export function patchOf(
  base = old,
  target: Uint8Array = image,
  frameBytes = 2_500,
): OfferedPatch & { readonly bytes: Buffer } {
  const { bytes, metadata } = makePatch(base, target, { frameBytes, baseBytes: 6_000 })
  return { bytes, transport: { base: sha256Hex(base), patchBytes: bytes.length, metadata } }
}
export const good = patchOf()
export const frameCount = 8

/** Where the zstd frames begin. */
export function frameStarts(bytes: Buffer): number[] {
  const starts: number[] = []
  for (let at = patchMagic.length; at < bytes.length; at += patchFrameHeadBytes + bytes.readUInt32LE(at + 16))
    starts.push(at + patchFrameHeadBytes)
  return starts
}

export function deviceWith(patch: OfferedPatch = good, changes: Partial<AgentSettings> = {}): FakeDevice {
  const device = new FakeDevice(changes)
  device.disk.install('main', old, '1.0.0', true)
  device.patches = patches
  device.broker.patch = patch
  return device
}

export const asked = (device: FakeDevice, kind: string): number[] =>
  device.broker.requests.flatMap(({ wanted }) => {
    if (wanted.kind !== kind) return []
    return wanted.kind === 'chunks' ? [wanted.ranges.reduce((sum, { count }) => sum + count, 0)] : [wanted.offset]
  })
export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** The image is whole and installed, and nobody was told of any trouble. */
export function arrived(t: Test, device: FakeDevice, target: Release = release): void {
  t.strictSame(device.broker.codes(), [])
  t.ok(device.disk.runningImage('main')?.equals(target.image), 'the new image runs')
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, target.manifest.version)
}

/** What the event `verifying` told of the transfer. */
export function transferOf(device: FakeDevice): Readonly<Record<string, number>> {
  const told = [...device.broker.events.values()].find(
    ({ content }) => content.kind === 'step' && content.step === 'verifying',
  )
  return Object.fromEntries(Object.entries(told?.data ?? {}).map(([name, value]) => [name, Number(value)]))
}

/** How the log says it went: `undefined` when the patch did what it should. */
export function watch(device: FakeDevice): { readonly notUsed: unknown[]; readonly givenUp: unknown[] } {
  const seen: { notUsed: unknown[]; givenUp: unknown[] } = { notUsed: [], givenUp: [] }
  device.log.info = ({ event, reason }) => event === 'patch-not-used' && seen.notUsed.push(reason)
  device.log.warn = ({ event, reason }) => {
    device.warnings.push(event)
    if (event === 'patch-given-up') seen.givenUp.push(reason)
  }
  return seen
}

// The decoder is loaded by the first frame, in real time.
await patches.decode(good.bytes.subarray(patchMagic.length + patchFrameHeadBytes), Buffer.alloc(0), 1)
