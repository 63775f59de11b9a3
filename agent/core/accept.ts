// May this device do what was offered? Bytes in, verdict out, in the documented order; the first failure names the
// code. What the device is, holds and trusts comes in as facts; nothing is opened or asked here.
//
//   envelope decodes 22 · schema version 28 · payload present 22 · trusted keys present 44, usable 43 · trust expired 23
//   · signatures 23 · manifest fields (proto/manifest.ts) 22 23 30 31 41 43 21 25 29 · component registered 39
//   · version newer, not replayed 27 · format fits the component 25 · precursor 32 · prerequisites 41
//
// A command goes the same way up to the device binding; then it must be for the operation it was offered in, and its
// arguments must read (proto/command.ts). Room in memory (34) and on the disk (33) is asked for afterwards.

import { type Command, readCommand } from '../../proto/command.ts'
import {
  distrust,
  type Envelope,
  EnvelopeError,
  openEnvelope,
  type PayloadType,
  parseTrustDocument,
  roleFor,
  type TrustDocument,
} from '../../proto/envelope.ts'
import type { DeviceFailureCode, Failure } from '../../proto/event-codes.ts'
import type { OperationId } from '../../proto/ids.ts'
import { type Manifest, type ManifestFormat, readManifest } from '../../proto/manifest.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import { epochOf } from '../../proto/trust.ts'
import { compareVersions } from '../../proto/version.ts'
import type { ReleaseMark } from './memory.ts'

/** What the device's trust file is worth. */
export type Trust =
  | { readonly ok: true; readonly document: TrustDocument }
  | { readonly ok: false; readonly failure: Failure }

export interface InstalledComponent {
  readonly version: string
  /** Lower-case hex. */
  readonly digest: string
}

/** What a device takes less of than the contract allows; lengths in bytes of UTF-8. */
export interface AcceptLimits {
  readonly uriBytesMax?: number
  readonly componentNameBytesMax?: number
  readonly vendorDataBytesMax?: number
}

export interface AcceptFacts {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly trust: Trust
  readonly vendorId: string
  readonly classId: string
  readonly deviceId: string
  readonly components: ReadonlyMap<string, InstalledComponent>
  /** Of every component, by its name. */
  readonly formats: ReadonlyMap<string, readonly ManifestFormat[]>
  readonly limits?: AcceptLimits
  readonly releaseMarks: Readonly<Record<string, ReleaseMark>>
}

export type Verdict =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly failure: Failure; readonly component?: string }

export type CommandVerdict =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly failure: Failure }

/** Judges a signed manifest, newly offered or from the journal. Never throws for any bytes. */
export function accept(bytes: Uint8Array, facts: AcceptFacts): Verdict {
  const opened = opening(bytes)
  if (!opened.ok) return opened
  const distrusted = signatureFailure(opened.envelope, 'manifest', firmwareUpdate, facts)
  if (distrusted !== undefined) return { ok: false, failure: distrusted }
  const { now, vendorId, classId, deviceId, limits } = facts
  const formats = [...facts.formats.values()].flat()
  const read = readManifest(opened.envelope.payload, { ...limits, now, vendorId, classId, deviceId, formats })
  if (!read.ok) return read
  const failure = componentFailure(read.manifest, facts)
  return failure === undefined ? read : { ok: false, failure, component: read.manifest.component }
}

/** Judges a signed command as offered in `operation`, newly or from the journal. Never throws for any bytes. */
export function acceptCommand(
  bytes: Uint8Array,
  offered: { readonly operation: OperationId; readonly operationType: string },
  facts: AcceptFacts,
): CommandVerdict {
  const opened = opening(bytes)
  if (!opened.ok) return opened
  const distrusted = signatureFailure(opened.envelope, 'command', offered.operationType, facts)
  if (distrusted !== undefined) return { ok: false, failure: distrusted }
  const { now, vendorId, classId, deviceId } = facts
  const { operation, operationType } = offered
  return readCommand(opened.envelope.payload, { now, vendorId, classId, deviceId, operation, operationType })
}

/**
 * Reads the trust file once. Absent, or no trust document signed by its own root: the device holds no trusted keys, 44.
 * A key in it that does not parse: 43. Never throws for any bytes.
 */
export function readTrust(bytes: Uint8Array | undefined): Trust {
  if (bytes === undefined) return refusal('UPD4_FAIL_44', { field: 'trust', reason: 'absent' })
  const trust = trustsRead.get(bytes) ?? parsedTrust(bytes)
  trustsRead.set(bytes, trust)
  return trust
}

/** Keys take milliseconds to parse and memory outside the heap: agents that share a process share what they trust. */
const trustsRead = new WeakMap<Uint8Array, Trust>()

function parsedTrust(bytes: Uint8Array): Trust {
  try {
    return { ok: true, document: parseTrustDocument(bytes) }
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    const code = error.code === 'KEY_UNUSABLE' ? 'UPD4_FAIL_43' : 'UPD4_FAIL_44'
    return refusal(code, { field: 'trust', reason: error.reason.slice(0, 80) })
  }
}

function opening(
  bytes: Uint8Array,
): { readonly ok: true; readonly envelope: Envelope } | { readonly ok: false; readonly failure: Failure } {
  try {
    return { ok: true, envelope: openEnvelope(bytes) }
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    return error.code === 'SCHEMA_VERSION'
      ? refusal('UPD4_FAIL_28', { field: 'schemaVersion', expected: '1', actual: error.reason })
      : refusal('UPD4_FAIL_22', { field: 'envelope', reason: error.reason.slice(0, 80) })
  }
}

function signatureFailure(
  envelope: Envelope,
  payloadType: PayloadType,
  operationType: string,
  { trust, now }: AcceptFacts,
): Failure | undefined {
  if (!trust.ok) return trust.failure
  const failure = (reason: string, data = {}): Failure => ({ code: 'UPD4_FAIL_23', data: { reason, ...data } })
  const { expiresAt } = trust.document
  if (now >= expiresAt)
    return failure('trust-expired', { field: 'trust', expected: `above ${now}`, actual: String(expiresAt) })
  try {
    const reason = distrust(envelope, payloadType, roleFor(operationType, trust.document), trust.document)
    return reason === undefined ? undefined : failure(reason)
  } catch (error) {
    if (error instanceof EnvelopeError) return failure(error.reason)
    // The engine itself failed on a key that parsed.
    return { code: 'UPD4_FAIL_43', data: { field: 'signature', reason: 'engine' } }
  }
}

function componentFailure(
  manifest: Manifest,
  { components, formats, releaseMarks, trust }: AcceptFacts,
): Failure | undefined {
  const { component, version, releaseCounter, installedSha256, precursorSha256, format, prerequisites } = manifest
  const installed = components.get(component)
  if (installed === undefined)
    return {
      code: 'UPD4_FAIL_39',
      data: { field: 'component', expected: [...components.keys()].join(' ').slice(0, 160), actual: component },
    }
  const mark = Object.hasOwn(releaseMarks, component) ? releaseMarks[component] : undefined
  // The root has made void what was installed under an earlier epoch: the first image after it may have any number.
  const isVoid = mark !== undefined && trust.ok && (mark.epoch ?? 0) < epochOf(trust.document)
  if (!isVoid && compareVersions(version, installed.version) <= 0)
    return {
      code: 'UPD4_FAIL_27',
      data: { field: 'version', reason: 'not-newer', expected: `above ${installed.version}`, actual: version },
    }
  if (
    mark !== undefined &&
    !isVoid &&
    (releaseCounter < mark.counter || (releaseCounter === mark.counter && installedSha256 !== mark.digest))
  )
    return {
      code: 'UPD4_FAIL_27',
      data: {
        field: 'releaseCounter',
        reason: 'replayed',
        expected: `at least ${mark.counter}`,
        actual: String(releaseCounter),
      },
    }
  if (formats.get(component)?.includes(format) !== true)
    return { code: 'UPD4_FAIL_25', data: { field: 'format', reason: 'component', expected: component, actual: format } }
  if (format === 'delta-zstd' && precursorSha256 !== installed.digest)
    return {
      code: 'UPD4_FAIL_32',
      data: { field: 'precursorSha256', expected: precursorSha256 ?? '', actual: installed.digest },
    }
  for (const { component: needed, versionLeast } of prerequisites) {
    const version = components.get(needed)?.version
    if (version === undefined || compareVersions(version, versionLeast) < 0)
      return {
        code: 'UPD4_FAIL_41',
        data: { reason: 'prerequisite', expected: `${needed} ${versionLeast}`, actual: version ?? 'absent' },
      }
  }
  return undefined
}

function refusal(
  code: DeviceFailureCode,
  data: Record<string, string>,
): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { code, data } }
}
