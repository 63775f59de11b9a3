// A patch that the broker offers beside its chunks: nobody signed it, so it may save bytes and change nothing else.
import t from 'tap'
import type { AgentSettings } from '../../../agent/agent.ts'
import type { ChunkData } from '../../../proto/chunk-messages.ts'
import { patchMemoryBytes } from '../../../proto/patch-transport.ts'
import { seed } from '../../fixtures/cases.ts'
import { seeded } from '../../fixtures/seeded.ts'
import { type OfferedPatch, operationOne } from '../fakes/broker.ts'
import type { FakeDevice } from '../fakes/device.ts'
import {
  arrived,
  asked,
  deviceWith,
  frameCount,
  frameStarts,
  good,
  image,
  old,
  patchOf,
  release,
  sum,
  transferOf,
  watch,
} from '../fakes/patched.ts'
import { imageOf, type Release, releaseOf } from '../fakes/release.ts'
import { allSteps, begun, updated } from '../fakes/story.ts'

t.test('an image made by a patch: no chunk is asked for, and what it took is told', async t => {
  const device = deviceWith()
  const seen = watch(device)
  await updated(device, release)
  arrived(t, device)
  t.strictSame(device.broker.told(), allSteps)
  t.strictSame(asked(device, 'chunks'), [])
  t.strictSame(seen, { notUsed: [], givenUp: [] })
  const told = transferOf(device)
  t.match(told, { received_bytes: 0, patch_wire_bytes: good.bytes.length })
  t.ok((told.held_bytes ?? 0) < 5_000)
  t.equal((told.held_bytes ?? 0) + (told.patch_bytes ?? 0), image.length)
  t.equal(told.wire_bytes, good.bytes.length + release.indexBytes.length)
  t.notOk('broadcast_bytes' in told)
  t.ok(good.bytes.length < image.length / 4, 'it was worth it')
  const { imageBytes, patchBytes, patchWireBytes, receivedBytes } = device.broker.progress.at(-1) ?? {}
  t.strictSame([imageBytes, patchWireBytes, receivedBytes], [20_000, good.bytes.length, 0])
  t.equal(patchBytes, told.patch_bytes)
  await device.stop()
})

t.test('chunks held, chunks made and chunks pulled add up to the image', async t => {
  // Half of the image is held, a quarter the patch gets wrong.
  const target = Buffer.concat([old.subarray(0, 10_000), image.subarray(10_000)])
  const other = Buffer.from(target)
  other.fill(0x33, 15_000, 15_900)
  const device = deviceWith(patchOf(old, other))
  const seen = watch(device)
  await updated(device, releaseOf(target))
  arrived(t, device, releaseOf(target))
  t.strictSame(seen.givenUp, [], 'a few bad chunks are pulled, the rest is taken')
  const { held_bytes = 0, patch_bytes = 0, received_bytes = 0 } = transferOf(device)
  t.ok(
    held_bytes > 8_000 && patch_bytes > 4_000 && received_bytes > 800,
    `${held_bytes} ${patch_bytes} ${received_bytes}`,
  )
  t.equal(held_bytes + patch_bytes + received_bytes, 20_000)
  await device.stop()
})

t.test('a refusal or silence ends the patch, not the update', async t => {
  const refusal = (reason: 'no-such-chunk' | 'no-right', number: number): ChunkData => ({
    kind: 'refusal',
    requestNumber: number,
    reason,
    chunk: undefined,
    retryAfterMs: 0,
  })
  const rows: readonly (readonly [string, (data: ChunkData) => readonly ChunkData[]])[] = [
    ['no-such-chunk', ({ requestNumber }) => [refusal('no-such-chunk', requestNumber)]],
    ['no-right', ({ requestNumber }) => [refusal('no-right', requestNumber)]],
    ['no-answer', () => []],
    ['contradicts', data => (data.kind === 'piece' ? [{ ...data, encodedSize: data.encodedSize + 1 }] : [data])],
  ]
  for (const [reason, weather] of rows) {
    const device = deviceWith()
    const seen = watch(device)
    device.broker.weather = data => {
      const isPatch = asked(device, 'patch').length > 0 && data.kind === 'piece' && data.chunk === undefined
      return isPatch ? weather(data) : [data]
    }
    await begun(device, release)
    await device.run(60 * 60_000)
    t.strictSame(seen.givenUp, [reason])
    arrived(t, device)
    t.ok(sum(asked(device, 'chunks')) > release.index.count / 2, 'everything was pulled')
    await device.stop()
  }
})

t.test('a busy broker is asked again when it says so', async t => {
  const device = deviceWith()
  const seen = watch(device)
  let busy = 3
  device.broker.weather = data => {
    if (asked(device, 'patch').length === 0 || busy === 0) return [data]
    busy -= 1
    return [{ kind: 'refusal', requestNumber: data.requestNumber, reason: 'busy', chunk: undefined, retryAfterMs: 900 }]
  }
  await updated(device, release)
  arrived(t, device)
  t.strictSame([seen.givenUp, asked(device, 'chunks')], [[], []])
  await device.stop()
})

t.test('a patch that is no good is given up, and the chunks it did bring are kept', async t => {
  const spoiledAt = (at: number): Buffer => {
    const bytes = Buffer.from(good.bytes)
    bytes[at] = (bytes[at] ?? 0) ^ 0x40
    return bytes
  }
  const starts = frameStarts(good.bytes)
  t.equal(starts.length, frameCount)
  const rows: readonly (readonly [reason: string, patch: OfferedPatch, made: boolean])[] = [
    ['magic', { ...good, bytes: spoiledAt(0) }, false],
    ['frame', { ...good, bytes: spoiledAt(starts[0] ?? 0) }, false],
    ['frame', { ...good, bytes: spoiledAt(starts.at(-1) ?? 0) }, true],
    ['digest', patchOf(old, Buffer.from(image).fill(0x33, 6_000)), true],
    ['truncated', patchOf(old, image.subarray(0, 11_000)), true],
    ['trailing', patchOf(old, Buffer.concat([image, image.subarray(0, 5_000)])), true],
    [
      'limits',
      { ...good, transport: { ...good.transport, metadata: { ...good.transport.metadata, frameBytesMax: 100 } } },
      false,
    ],
  ]
  for (const [reason, patch, made] of rows) {
    const device = deviceWith(patch)
    const seen = watch(device)
    await updated(device, release)
    t.ok(seen.givenUp.length === 1, reason)
    if (reason !== 'truncated' && reason !== 'trailing') t.strictSame(seen.givenUp, [reason])
    arrived(t, device)
    const { held_bytes = 0, patch_bytes = 0, received_bytes = 0 } = transferOf(device)
    t.equal(patch_bytes > 0, made, `${reason}: ${patch_bytes} bytes made`)
    t.equal(held_bytes + patch_bytes + received_bytes, image.length)
    await device.stop()
  }
})

t.test('a decoder that cannot, or a base that cannot be read, ends the patch alone', async t => {
  for (const [reason, spoil] of [
    [
      'decoder',
      (device: FakeDevice) => {
        device.patches = { decode: () => Promise.reject(new Error('no decoder')) }
      },
    ],
    [
      'base-unreadable',
      (device: FakeDevice) => {
        device.broker.weather = data => {
          if (asked(device, 'patch').length > 0) device.disk.faults.set('read-active', 1)
          return [data]
        }
      },
    ],
    [
      'frame',
      (device: FakeDevice) => {
        device.patches = { decode: (_frame, _base, outputBytes) => Buffer.alloc(outputBytes - 1) }
      },
    ],
  ] as const) {
    const device = deviceWith()
    spoil(device)
    const seen = watch(device)
    await updated(device, release)
    t.strictSame(seen.givenUp, [reason])
    arrived(t, device)
    await device.stop()
  }
})

t.test('a patch is not asked for where it is of no use', async t => {
  const { transport } = good
  const halfWay = Buffer.concat([old.subarray(0, 19_500), imageOf('two', 500)])
  const rows: readonly (readonly [reason: string, OfferedPatch, Partial<AgentSettings>, Release])[] = [
    ['base', { ...good, transport: { ...transport, base: 'ab'.repeat(32) } }, {}, release],
    [
      'base',
      { ...good, transport: { ...transport, metadata: { ...transport.metadata, baseSize: 19_999 } } },
      {},
      release,
    ],
    ['memory', good, { memoryBudgetBytes: 16_000 }, release],
    ['not-worth', good, {}, releaseOf(halfWay)],
    ['no-patch', { ...good, transport: { ...transport, patchBytes: 7 } }, {}, release],
    ['not-worth', { ...good, transport: { ...transport, patchBytes: 20_000 } }, {}, release],
  ]
  for (const [reason, patch, changes, target] of rows) {
    const device = deviceWith(patch, changes)
    const seen = watch(device)
    await updated(device, target)
    t.strictSame(seen.notUsed, [reason])
    t.strictSame(asked(device, 'patch'), [])
    arrived(t, device, target)
    await device.stop()
  }
})

t.test('the hello tells what memory there is for a patch, and nothing where there is none', async t => {
  const mebibyte = 2 ** 20
  for (const [changes, told] of [
    [{ memoryBudgetBytes: 8 * mebibyte, windowBytes: 256 * 1024 }, 6.5 * mebibyte],
    [{ memoryBudgetBytes: 1.5 * mebibyte + 1, windowBytes: 256 * 1024 }, 1],
    [{ memoryBudgetBytes: 1.5 * mebibyte, windowBytes: 256 * 1024 }, undefined],
  ] as const) {
    const device = deviceWith(good, changes)
    await device.start()
    await device.run(0)
    t.equal(device.broker.hellos.at(-1)?.patchMemoryBytes, told)
    await device.stop()
  }
})

t.test('the memory a patch needs is asked for to the byte', async t => {
  const { metadata } = good.transport
  const chunks = release.indexBytes.length + 4096 + 2 * 2048
  for (const [budget, used] of [
    [chunks + patchMemoryBytes(metadata), true],
    [chunks + patchMemoryBytes(metadata) - 1, false],
  ] as const) {
    const device = deviceWith(good, { memoryBudgetBytes: budget })
    await updated(device, release)
    t.equal(asked(device, 'patch').length > 0, used)
    arrived(t, device)
    await device.stop()
  }
})

t.test('whatever stands in the patch, the image is the signed one, and no code is told', async t => {
  const draw = seeded(seed)
  const below = (most: number): number => Math.floor(draw() * most)
  t.comment(`DROVER_SEED=${seed}`)
  let givenUp = 0
  for (let one = 0; one < 25; one += 1) {
    let bytes = Buffer.from(good.bytes)
    for (let edits = 1 + below(4); edits > 0; edits -= 1) {
      const at = below(bytes.length)
      const kind = below(4)
      if (kind < 2) bytes[at] = below(256)
      else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(40))])
      else bytes = Buffer.concat([bytes.subarray(0, at + below(40)), bytes.subarray(at)])
    }
    const device = deviceWith(
      { bytes, transport: { ...good.transport, patchBytes: bytes.length } },
      { windowBytes: 2_000 },
    )
    const seen = watch(device)
    await updated(device, release)
    givenUp += seen.givenUp.length
    if (device.broker.codes(operationOne).length > 0 || device.disk.runningImage('main')?.equals(image) !== true)
      t.fail('another end', { patch: bytes.toString('base64'), told: device.broker.told() })
    await device.stop()
  }
  t.ok(givenUp > 0, `${givenUp} of 25 given up`)
})
