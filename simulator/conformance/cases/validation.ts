// One thing wrong with an offer, and the code it must be refused with: the rows of docs/PROTOCOL.md, section 9. Offers that
// are right up to a row are told by the code of a later one: a good signature of a manifest for a foreign vendor is a 30.
import { encode, type WireManifest } from '../../../proto/codec.ts'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import { type Case, demand, NotApplicable } from '../case.ts'
import type { Examination } from '../examination.ts'
import { signed } from '../goods.ts'
import { wordOf } from '../signs.ts'
import { envelopeRows, foreignVendor, type Row } from './envelope-rows.ts'

const family = 'validation'
/** The manifest with other fields; `undefined` leaves one out. */
function bent(changes: { readonly [Name in keyof WireManifest]?: WireManifest[Name] | undefined }) {
  return (manifest: WireManifest): Uint8Array => {
    const wire: Record<string, unknown> = { ...manifest, ...changes }
    for (const [name, value] of Object.entries(changes)) if (value === undefined) delete wire[name]
    return signed(wire as unknown as WireManifest)
  }
}

/** Every required field left out, in the order they are judged in. */
const required: readonly (readonly [field: keyof WireManifest, row: string])[] = [
  ['expiresAt', '9'],
  ['vendorId', '10'],
  ['classId', '11'],
  ['priority', '13'],
  ['component', '14'],
  ['version', '15'],
  ['releaseCounter', '16'],
  ['payloadSize', '17'],
  ['payloadSha256', '18'],
  ['installedSize', '19'],
  ['installedSha256', '19'],
  ['chunkIndexSize', '21'],
  ['chunkIndexSha256', '21'],
  ['needsReboot', '22'],
  ['uri', '24'],
  ['format', '25'],
]
const absentRows = required.map(
  ([field, row]): Row => ({
    ...{ name: `absent-${kebab(field)}`, row, code: 'UPD4_FAIL_22', reason: 'absent' },
    ...(field === 'vendorId' ? { quick: true } : {}),
    done: `a manifest without ${snake(field)}`,
    envelope: bent({ [field]: undefined }),
  }),
)

const wrong = (
  name: string,
  row: string,
  code: DeviceFailureCode,
  done: string,
  changes: Partial<WireManifest>,
): Row => ({
  ...{ name, row, code, done },
  envelope: bent(changes),
})
const short = Buffer.alloc(31, 7)
const tooMany = Array.from({ length: 33 }, () => ({ component: 'other', versionLeast: '1.0.0' }))

const fieldRows: readonly Row[] = [
  {
    ...wrong('expired', '9', 'UPD4_FAIL_23', 'a manifest that expired in 2001', { expiresAt: 1e12 }),
    reason: 'expired',
    quick: true,
  },
  { ...wrong('vendor-other', '10', 'UPD4_FAIL_30', 'the vendor id of another', foreignVendor), quick: true },
  wrong('vendor-short', '10', 'UPD4_FAIL_30', 'a vendor id of 15 bytes', { vendorId: Buffer.alloc(15, 1) }),
  {
    ...wrong('class-other', '11', 'UPD4_FAIL_31', 'the class id of another', { classId: Buffer.alloc(16, 0xee) }),
    quick: true,
  },
  wrong('class-short', '11', 'UPD4_FAIL_31', 'a class id of 15 bytes', { classId: Buffer.alloc(15, 1) }),
  {
    ...wrong('device-other', '12', 'UPD4_FAIL_31', 'bound to another device', { deviceId: 'somebody-else' }),
    ...{ reason: 'device', quick: true },
  },
  wrong('component-long', '14', 'UPD4_FAIL_22', 'a component name of 33 bytes', { component: 'c'.repeat(33) }),
  wrong('component-name', '14', 'UPD4_FAIL_22', 'a component name with a slash', { component: 'a/b' }),
  wrong('version-long', '15', 'UPD4_FAIL_22', 'a version of 12 bytes', { version: '100.100.1000' }),
  wrong('version-words', '15', 'UPD4_FAIL_22', 'version 9.0', { version: '9.0' }),
  { ...wrong('version-above-999', '15', 'UPD4_FAIL_41', 'version 1000.0.0', { version: '1000.0.0' }), quick: true },
  wrong('payload-size-0', '17', 'UPD4_FAIL_22', 'payload_size 0', { payloadSize: 0 }),
  wrong('payload-size-huge', '17', 'UPD4_FAIL_22', 'payload_size 4 GiB and one', { payloadSize: 2 ** 32 + 1 }),
  {
    ...wrong('payload-sha256-short', '18', 'UPD4_FAIL_43', 'a payload digest of 31 bytes', { payloadSha256: short }),
    quick: true,
  },
  wrong('installed-size-0', '19', 'UPD4_FAIL_22', 'installed_size 0', { installedSize: 0 }),
  wrong('installed-sha256-short', '19', 'UPD4_FAIL_43', 'an installed digest of 31 bytes', { installedSha256: short }),
  wrong('precursor-short', '20', 'UPD4_FAIL_43', 'a precursor of 31 bytes', { precursorSha256: short }),
  wrong('index-size-0', '21', 'UPD4_FAIL_22', 'chunk_index_size 0', { chunkIndexSize: 0 }),
  wrong('index-size-huge', '21', 'UPD4_FAIL_22', 'chunk_index_size 8 MiB and one', {
    chunkIndexSize: 8 * 1024 * 1024 + 1,
  }),
  wrong('index-sha256-short', '21', 'UPD4_FAIL_43', 'an index digest of 31 bytes', { chunkIndexSha256: short }),
  wrong('prerequisites-many', '23', 'UPD4_FAIL_22', '33 prerequisites', { prerequisites: tooMany }),
  wrong('prerequisites-name', '23', 'UPD4_FAIL_22', 'a prerequisite without a version', {
    prerequisites: [{ component: 'other' }],
  }),
  wrong('uri-long', '24', 'UPD4_FAIL_21', 'a URI of 256 bytes', { uri: `mqtt:${'x'.repeat(251)}` }),
  {
    ...wrong('uri-other', '24', 'UPD4_FAIL_21', 'an https: URI', { uri: 'https://127.0.0.1/image' }),
    ...{ reason: 'not-allowed', quick: true },
  },
  { ...wrong('format-unknown', '25', 'UPD4_FAIL_25', 'format 7', { format: 7 }), quick: true },
  {
    ...wrong('delta-without-metadata', '26', 'UPD4_FAIL_22', 'a delta without metadata', {
      format: 2,
      precursorSha256: Buffer.alloc(32, 1),
    }),
    or: ['UPD4_FAIL_25'],
  },
  wrong('raw-other-digest', '27', 'UPD4_FAIL_22', 'a raw image whose installed digest is another', {
    installedSha256: Buffer.alloc(32, 9),
  }),
  {
    ...wrong('vendor-data', '28', 'UPD4_FAIL_29', '1,025 bytes of vendor data', { vendorData: Buffer.alloc(1025) }),
    quick: true,
  },
  {
    ...wrong('component-other', '29', 'UPD4_FAIL_39', 'a component it does not have', { component: 'no-such-part' }),
    quick: true,
  },
  {
    ...{ name: 'version-equal', row: '30', code: 'UPD4_FAIL_27', reason: 'not-newer', quick: true },
    done: 'the version that is installed',
    envelope: (manifest, at) => bent({ version: at.installed()?.version })(manifest),
  },
  { ...wrong('version-lower', '30', 'UPD4_FAIL_27', 'version 0.9.9', { version: '0.9.9' }), reason: 'not-newer' },
  {
    ...{ name: 'delta-other-precursor', row: '32, 33', code: 'UPD4_FAIL_32', or: ['UPD4_FAIL_25'] },
    done: 'a delta from an image it does not run',
    envelope: manifest => {
      const limits = { baseSize: 1000, frameBytesMax: 1000, baseBytesMax: 1000, encodedBytesMax: 1000 }
      return bent({ format: 2, metadata: encode('DeltaMetadata', limits), precursorSha256: Buffer.alloc(32, 1) })(
        manifest,
      )
    },
  },
  {
    ...wrong('prerequisite-unmet', '34', 'UPD4_FAIL_41', 'a prerequisite that is not installed', {
      prerequisites: [{ component: 'no-such-part', versionLeast: '1.0.0' }],
    }),
    ...{ reason: 'prerequisite', quick: true },
  },
]

const refusals = [...envelopeRows, ...absentRows, ...fieldRows].map(
  ({ name, row, code, or = [], reason, quick, done, envelope }): Case => ({
    ...{ name, family, section: `9, row ${row}`, code, done },
    must: `${[code, ...or].join(' or ')}${reason === undefined ? '' : `, reason ${reason}`}; nothing is asked for`,
    ...(quick ? { quick } : {}),
    examine: at => at.refused(at.inject(envelope(at.goods().manifest, at)), [code, ...or], reason),
  }),
)

/** What takes more than one offer, or depends on how much the device has. */
const others: readonly Case[] = [
  {
    name: 'replayed',
    ...{ family, section: '9, row 31', code: 'UPD4_FAIL_27' },
    done: 'an update is installed; then a newer version with a lower release counter is offered',
    must: 'UPD4_FAIL_27, reason replayed; nothing is asked for',
    quick: true,
    async examine(at) {
      const goods = at.goods()
      await at.success(await at.begin(goods))
      const { manifest } = at.goods()
      const releaseCounter = (goods.manifest.releaseCounter ?? 1) - 1
      return at.refused(at.inject(signed({ ...manifest, releaseCounter })), 'UPD4_FAIL_27', 'replayed')
    },
  },
  {
    name: 'replayed-equal-counter',
    ...{ family, section: '9, row 31', code: 'UPD4_FAIL_27' },
    done: 'an update is installed; then a newer version with the same release counter and another image is offered',
    must: 'UPD4_FAIL_27, reason replayed; nothing is asked for',
    async examine(at) {
      const goods = at.goods()
      await at.success(await at.begin(goods))
      const { manifest } = at.goods()
      const { releaseCounter = 1 } = goods.manifest
      return at.refused(at.inject(signed({ ...manifest, releaseCounter })), 'UPD4_FAIL_27', 'replayed')
    },
  },
  {
    name: 'memory',
    ...{ family, section: '9, row 36', code: 'UPD4_FAIL_34' },
    done: 'a chunk index of 8 MiB is announced',
    must: 'UPD4_FAIL_34 where it does not fit into the memory of the device',
    examine: at => limitOf(at, 'UPD4_FAIL_34', { chunkIndexSize: 8 * 1024 * 1024 }),
  },
  {
    name: 'room',
    ...{ family, section: '9, row 37', code: 'UPD4_FAIL_33' },
    done: 'an image of 4 GiB is announced',
    must: 'UPD4_FAIL_33 where there is no room for it',
    examine: at => limitOf(at, 'UPD4_FAIL_33', { payloadSize: 2 ** 32, installedSize: 2 ** 32 }),
  },
]

/** The code, or a download that begins because the device has so much. */
async function limitOf(at: Examination, code: DeviceFailureCode, changes: Partial<WireManifest>): Promise<string> {
  at.line.weather = {
    toBroker: packet =>
      packet.kind === 'publish' && packet.publish.topic.endsWith('/chunks/request') ? 'drop' : 'pass',
  }
  const operation = at.inject(bent(changes)(at.goods().manifest))
  const { event } = await at.event(operation, () => true, { what: code })
  if (wordOf(event) === 'downloading') throw new NotApplicable('the device has so much, and begins')
  demand(wordOf(event) === code, `${wordOf(event)} instead of ${code}`)
  return code
}

const deltas: readonly Case[] = [
  {
    name: 'patch-bad-magic',
    ...{ family, section: '9, Patch', code: 'UPD4_FAIL_42' },
    done: 'a delta from the image it runs, whose payload is no patch',
    must: 'UPD4_FAIL_42, reason magic, where the device takes deltas',
    async examine(at) {
      const goods = at.goods()
      const limits = { baseSize: 40_000, frameBytesMax: 1000, baseBytesMax: 1000, encodedBytesMax: 1000 }
      const { digest = '' } = at.installed() ?? {}
      const manifest: WireManifest = {
        ...goods.manifest,
        ...{ format: 2, metadata: encode('DeltaMetadata', limits), precursorSha256: Buffer.from(digest, 'hex') },
        ...{ installedSize: 50_000, installedSha256: Buffer.alloc(32, 5) },
      }
      const { code, data } = await at.ended(await at.begin(goods, signed(manifest)))
      if (code === 'UPD4_FAIL_25') throw new NotApplicable('it takes no deltas: UPD4_FAIL_25')
      demand(
        code === 'UPD4_FAIL_42' && data.reason === 'magic',
        `${code} (${data.reason}) instead of UPD4_FAIL_42 (magic)`,
      )
      return `${code} (${data.reason})`
    },
  },
]

export const validationCases: readonly Case[] = [...refusals, ...others, ...deltas]

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

function snake(name: string): string {
  return kebab(name).replaceAll('-', '_')
}
