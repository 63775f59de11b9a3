// Two things wrong at once: the row that is judged earlier names the code (docs/PROTOCOL.md, section 9: "the first failure
// names the code"). Neighbours in the table, so that a device that swaps two rows is found.
import { encode, type WireManifest, type WireSignedEnvelope } from '../../../proto/codec.ts'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import type { Case } from '../case.ts'
import { envelopeOf } from '../goods.ts'
import { signatureOf } from './envelopes.ts'

interface Fault {
  readonly name: string
  readonly code: DeviceFailureCode
  readonly manifest?: Partial<WireManifest>
  readonly envelope?: Partial<WireSignedEnvelope>
}

/** In the order of the table; no two that follow one another have the same code. */
const faults: readonly Fault[] = [
  { name: 'schema-version', code: 'UPD4_FAIL_28', envelope: { schemaVersion: 2 } },
  { name: 'unsigned', code: 'UPD4_FAIL_23', envelope: { signatures: [] } },
  { name: 'vendor', code: 'UPD4_FAIL_30', manifest: { vendorId: Buffer.alloc(16, 0xee) } },
  { name: 'class', code: 'UPD4_FAIL_31', manifest: { classId: Buffer.alloc(16, 0xee) } },
  { name: 'component-name', code: 'UPD4_FAIL_22', manifest: { component: 'a/b' } },
  { name: 'version-above-999', code: 'UPD4_FAIL_41', manifest: { version: '1000.0.0' } },
  { name: 'payload-size', code: 'UPD4_FAIL_22', manifest: { payloadSize: 0 } },
  { name: 'installed-digest', code: 'UPD4_FAIL_43', manifest: { installedSha256: Buffer.alloc(31) } },
  { name: 'index-size', code: 'UPD4_FAIL_22', manifest: { chunkIndexSize: 0 } },
  { name: 'uri', code: 'UPD4_FAIL_21', manifest: { uri: 'https://127.0.0.1/image' } },
  { name: 'format', code: 'UPD4_FAIL_25', manifest: { format: 7 } },
  { name: 'vendor-data', code: 'UPD4_FAIL_29', manifest: { vendorData: Buffer.alloc(1025) } },
  { name: 'component', code: 'UPD4_FAIL_39', manifest: { component: 'no-such-part' } },
  { name: 'version-lower', code: 'UPD4_FAIL_27', manifest: { version: '0.9.9' } },
  {
    ...{ name: 'prerequisite', code: 'UPD4_FAIL_41' },
    manifest: { prerequisites: [{ component: 'no-such-part', versionLeast: '1.0.0' }] },
  },
]

/** Also one pair far apart: everything from the vendor on is wrong. */
const pairs: readonly (readonly [Fault, readonly Fault[]])[] = faults
  .slice(0, -1)
  .map((fault, at) => [fault, faults.slice(at + 1, at + 2)] as const)

export const orderCases: readonly Case[] = [...pairs.map(pairCase), pairCase([faults[2] as Fault, faults.slice(3)])]

function pairCase([first, later]: readonly [Fault, readonly Fault[]]): Case {
  const name = later.length > 1 ? `${first.name}-before-all` : `${first.name}-before-${later[0]?.name}`
  return {
    ...{ name, family: 'order', section: '9', code: first.code },
    done: `${first.name} and ${later.map(({ name: each }) => each).join(', ')} are wrong at once`,
    must: `${first.code}: it is judged first`,
    ...(later.length > 1 || first.name === 'schema-version' || first.name === 'unsigned'
      ? { quick: true as const }
      : {}),
    async examine(at) {
      // What is wrong first is laid over what is wrong later.
      const parts = [first, ...later].reverse()
      const { manifest } = at.goods()
      const payload = encode('Manifest', Object.assign({}, manifest, ...parts.map(part => part.manifest ?? {})))
      const signatures = [signatureOf(payload)]
      const envelope = envelopeOf(Object.assign({ payload, signatures }, ...parts.map(part => part.envelope ?? {})))
      return at.refused(at.inject(envelope), first.code)
    },
  }
}
