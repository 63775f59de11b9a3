import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { chunkerDefaults, chunkLengths } from '../../proto/chunker.ts'
import type { OperationTransfer } from '../../proto/http-api.ts'
import {
  demoImageBytes,
  fixedChunkBytes,
  fixedLengths,
  insertedBytes,
  makeImages,
  reusableBytes,
  sha256,
} from '../../simulator/demo/image.ts'
import { type DeviceFinding, differences, type Findings } from '../../simulator/demo/proof.ts'
import { reportOf } from '../../simulator/demo/report.ts'
import { type DevicePlan, plans, type Quirk } from '../../simulator/demo/scenario.ts'

const images = makeImages(1)

t.test('version 2 is version 1 with the version line, two runs of 5 % and one insertion', async t => {
  const { before, after, inserted, runs } = images
  t.equal(before.length, demoImageBytes)
  t.equal(after.length, demoImageBytes + insertedBytes)
  t.ok(inserted.offset < 16 * 1024, 'near the start')
  const withoutInsertion = Buffer.concat([
    after.subarray(0, inserted.offset),
    after.subarray(inserted.offset + inserted.length),
  ])
  const different: { offset: number; length: number }[] = []
  for (let offset = 0; offset < before.length; offset += 1) {
    if (before[offset] === withoutInsertion[offset]) continue
    const last = different.at(-1)
    if (last !== undefined && last.offset + last.length === offset) last.length += 1
    else different.push({ offset, length: 1 })
  }
  const [version, ...found] = different
  t.equal(version?.length, 1, 'one digit of the version line')
  t.same(
    found,
    runs.map(({ offset, length }) => ({ offset: offset - insertedBytes, length })),
  )
  const [one, other] = runs
  const between = (other?.offset ?? 0) - (one?.offset ?? 0) - (one?.length ?? 0)
  t.ok(between > demoImageBytes / 4, `${between} bytes between the runs`)
  const changedBytes = runs.reduce((sum, { length }) => sum + length, 0)
  t.equal(Math.round((1000 * changedBytes) / demoImageBytes), 100)
})

t.test('the images come from the seed alone and cannot be compressed', async t => {
  t.ok(makeImages(1).after.equals(images.after))
  t.notOk(makeImages(2).after.equals(images.after))
  t.ok(deflateRawSync(images.after).length >= images.after.length)
  t.throws(() => makeImages(1, 1000), { message: /sizeBytes: expected at least 65536/ })
})

t.test('chunks that follow the content save most of the image, chunks at fixed offsets nothing', async t => {
  const byContent = (image: Uint8Array): number[] => chunkLengths(image, chunkerDefaults)
  const atFixed = (image: Uint8Array): number[] => fixedLengths(image, fixedChunkBytes)
  t.ok(reusableBytes(images.before, images.after, byContent) > 0.8 * images.after.length)
  t.equal(reusableBytes(images.before, images.after, atFixed), 0)
  t.equal(reusableBytes(images.before, images.before, atFixed), images.before.length, 'of itself all of it')
  t.equal(
    atFixed(images.after).reduce((sum, length) => sum + length, 0),
    images.after.length,
  )
})

t.test('an image prints its version and its process and becomes the agent', async t => {
  const folder = t.testdir({ 'agent.mjs': 'console.log("agent", process.pid)' })
  const image = join(folder, 'image')
  writeFileSync(image, images.after, { mode: 0o755 })
  const env = { PATH: process.env.PATH, DROVER_NODE: process.execPath, DROVER_AGENT: join(folder, 'agent.mjs') }
  const [first = '', second = ''] = execFileSync(image, { env, encoding: 'utf8' }).split('\n')
  t.match(first, /^drover demo sensor 2\.0\.0 process \d+$/)
  t.equal(second, `agent ${first.split(' ').at(-1)}`, 'the process keeps its number')
})

t.test('twenty devices without a quirk, five with one each', async t => {
  t.equal(plans.length, 25)
  t.equal(new Set(plans.map(({ id }) => id)).size, 25)
  t.equal(plans.filter(({ quirk }) => quirk === 'none').length, 20)
  t.equal(new Set(plans.map(({ quirk }) => quirk)).size, 6)
  t.equal(plans.filter(({ expected }) => expected.code === 'SYS_112').length, 21)
})

function findingOf(plan: DevicePlan): DeviceFinding {
  const { outcome, code, version, printed, downloads } = plan.expected
  const image = version === '2.0.0' ? images.after : images.before
  const cutOff = plan.quirk === 'cut-off' ? { missingBytes: 500_000, heldBytes: 240_000 } : undefined
  const wireBytes = cutOff === undefined ? 500_000 : 260_000
  return {
    plan,
    execution: { state: outcome, code },
    installed: { version, image, sha256: sha256(image) },
    printed,
    downloads: downloads ? [{ heldBytes: 3_600_000, receivedBytes: wireBytes, wireBytes, indexWireBytes: 9000 }] : [],
    downloadedBytes: downloads ? 509_000 : 0,
    cutOff,
  }
}

const transfer: OperationTransfer = {
  ...{ devices: 22, imageBytes: 22 * images.after.length, wireBytes: 22 * 509_000 },
  saved: { held: 1, patch: 0, compression: 0, broadcast: 0 },
}
const expectedFindings: Parameters<typeof reportOf>[0] = {
  images,
  devices: plans.map(findingOf),
  executionCount: 25,
  operation: { id: 'o1', state: 'completed', sensors: 25, updated: 22, errors: 3, transfer },
  events: plans.flatMap(({ id, expected: { code } }) => [
    { device_id: id, event_type: 'SYS_108', event_type_description: 'INFO' },
    { device_id: id, event_type: code, event_type_description: 'SUCCESS' },
  ]),
  reusableBytes: 3_700_000,
  reusableFixedBytes: 0,
}

/** The findings with something else found of the first device with this quirk. */
function planted(quirk: Quirk, change: (device: DeviceFinding) => Partial<DeviceFinding>): Findings {
  const at = plans.findIndex(plan => plan.quirk === quirk)
  const devices = expectedFindings.devices.map((device, position) =>
    position === at ? { ...device, ...change(device) } : device,
  )
  return { ...expectedFindings, devices }
}

function spoiled(image: Buffer): Buffer {
  const bytes = Buffer.from(image)
  bytes[3_000_000] = (bytes[3_000_000] ?? 0) ^ 1
  return bytes
}

t.test('findings as expected have no differences', async t => {
  t.same(differences(expectedFindings), [])
  const away = { device_id: 'sensor-03', event_type: 'SYS_100', event_type_description: 'INFO' }
  t.same(differences({ ...expectedFindings, events: [...expectedFindings.events, away] }), [], 'absence ends nothing')
})

t.test('each deviation is found and named', async t => {
  const { operation, events } = expectedFindings
  const rows: readonly (readonly [what: string, found: Findings, sentences: readonly (string | RegExp)[]])[] = [
    [
      'an operation that still runs',
      { ...expectedFindings, operation: { ...operation, state: 'running' } },
      ['operation: state: expected completed, found running'],
    ],
    [
      'a device too few',
      { ...expectedFindings, operation: { ...operation, sensors: 24 } },
      ['operation: sensors: expected 25, found 24'],
    ],
    [
      'one updated too few',
      { ...expectedFindings, operation: { ...operation, updated: 21, errors: 4 } },
      ['operation: updated: expected 22, found 21', 'operation: errors: expected 3, found 4'],
    ],
    ['an execution too many', { ...expectedFindings, executionCount: 26 }, [/executions: expected 25, found 26/]],
    [
      'another outcome and code',
      planted('none', () => ({ execution: { state: 'failed', code: 'SYS_111' } })),
      ['sensor-01: outcome: expected completed, found failed', 'sensor-01: code: expected SYS_112, found SYS_111'],
    ],
    [
      'no execution',
      planted('none', () => ({ execution: undefined })),
      [/outcome/, /code: expected SYS_112, found none/],
    ],
    [
      'a code missing in the event log',
      { ...expectedFindings, events: events.filter(({ device_id }) => device_id !== 'sensor-02') },
      ['sensor-02: codes in the event log: expected SYS_112, found none'],
    ],
    [
      'a code twice in the event log',
      {
        ...expectedFindings,
        events: [...events, { device_id: 'sensor-02', event_type: 'SYS_112', event_type_description: 'SUCCESS' }],
      },
      ['sensor-02: codes in the event log: expected SYS_112, found SYS_112 SYS_112'],
    ],
    [
      'a failure beside the success in the event log',
      {
        ...expectedFindings,
        events: [...events, { device_id: 'sensor-02', event_type: 'SYS_100', event_type_description: 'FAIL' }],
      },
      ['sensor-02: codes in the event log: expected SYS_112, found SYS_112 SYS_100'],
    ],
    [
      'one byte of the new image',
      planted('none', ({ installed }) => ({ installed: { ...installed, image: spoiled(images.after) } })),
      ['sensor-01: bytes of the active slot: expected identical, found first difference at byte 3000000'],
    ],
    [
      'one byte of the old image after a roll-back',
      planted('unhealthy', ({ installed }) => ({ installed: { ...installed, image: spoiled(images.before) } })),
      [/^sensor-19: bytes of the active slot: .* byte 3000000$/],
    ],
    [
      'the old image under the new name',
      planted('already-updated', ({ installed }) => ({ installed: { ...installed, image: images.before } })),
      [/^sensor-15: bytes of the active slot: .* 4194304 bytes instead of 4195328$/],
    ],
    [
      'the old version',
      planted('none', ({ installed }) => ({ installed: { ...installed, version: '1.0.0' } })),
      ['sensor-01: version of the active slot: expected 2.0.0, found 1.0.0'],
    ],
    [
      'a new program that never ran',
      planted('none', () => ({ printed: ['1.0.0'] })),
      ['sensor-01: versions printed: expected 1.0.0 2.0.0, found 1.0.0'],
    ],
    [
      'a trial that was never begun',
      planted('unhealthy', () => ({ printed: ['1.0.0'] })),
      ['sensor-19: versions printed: expected 1.0.0 2.0.0 1.0.0, found 1.0.0'],
    ],
    [
      'a quarter of the image downloaded',
      planted('none', () => ({ downloadedBytes: images.after.length / 4 })),
      [/^sensor-01: bytes downloaded: expected fewer than 1048832, found 1048832$/],
    ],
    [
      'a download nobody measured',
      planted('none', () => ({ downloadedBytes: 0, downloads: [] })),
      [/downloads completed: expected 1, found 0/, /expected a download/],
    ],
    [
      'a download of a device that has the image',
      planted('already-updated', () => ({ downloadedBytes: 7 })),
      ['sensor-15: expected no download, found 7 bytes'],
    ],
    ['no cut', planted('cut-off', () => ({ cutOff: undefined })), [/^sensor-03: expected to be cut off half-way/]],
    [
      'a cut near the end',
      planted('cut-off', ({ downloads: [download] }) => ({
        cutOff: { missingBytes: 500_000, heldBytes: 490_000 },
        downloads: download === undefined ? [] : [{ ...download, receivedBytes: 10_000, wireBytes: 10_000 }],
      })),
      ['sensor-03: expected a cut half-way, found 490000 of 500000 bytes held'],
    ],
    [
      'all fetched again after the return',
      planted('cut-off', ({ downloads: [download] }) => ({
        downloads: download === undefined ? [] : [{ ...download, receivedBytes: 500_000, wireBytes: 500_000 }],
      })),
      ['sensor-03: bytes fetched after its return: expected 260000, found 500000'],
    ],
    [
      'chunks that came twice after the return',
      planted('cut-off', ({ downloads: [download] }) => ({
        downloads: download === undefined ? [] : [{ ...download, wireBytes: 280_000 }],
      })),
      [/^sensor-03: expected nothing twice after its return/],
    ],
    [
      'savings by fixed chunks',
      { ...expectedFindings, reusableFixedBytes: 16_384 },
      [/fixed chunks: expected 0, found 16384/],
    ],
  ]
  for (const [what, found, sentences] of rows) {
    const told = differences(found)
    t.equal(told.length, sentences.length, `${what}: ${told.join(' | ')}`)
    for (const [position, sentence] of sentences.entries()) t.match(told[position], sentence, what)
  }
})

t.test('the report has what was promised, and the sum of it', async t => {
  const report = reportOf(expectedFindings, ['something'], 12_345.6)
  t.match(report, {
    ok: false,
    bytesImage: images.after.length,
    elapsedMs: 12_346,
    bytesDownloaded: 22 * 509_000,
    transfer,
  })
  t.equal(reportOf(expectedFindings, [], 1).ok, true)
  t.same(report.codes, { SYS_112: 21, UPD4_FAIL_31: 1, UPD4_FAIL_33: 1, SYS_110: 1, UPD4_FAIL_40: 1 })
  t.match(report.devices[2], {
    id: 'sensor-03',
    outcome: 'completed',
    code: 'SYS_112',
    version: '2.0.0',
    sha256: sha256(images.after),
    bytesDownloaded: 509_000,
  })
  t.same(report.resumed, { missingBytes: 500_000, heldBytes: 240_000, fetchedBytes: 260_000 })
})
