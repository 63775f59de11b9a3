// Whom the device believes: the trust document it was provisioned with, until one came over the wire that follows it. What
// came is kept in the journal and never given up for an older one, whatever the file says later. Pure, as offers.ts.
import { EnvelopeError, type TrustDocument } from '../../proto/envelope.ts'
import { timestampRoleOf } from '../../proto/fleet-time.ts'
import { trustDocumentBytesMax } from '../../proto/limits.ts'
import { successorOf } from '../../proto/trust.ts'
import { readTrust, type Trust } from './accept.ts'
import type { AgentMemory, KeptTrust } from './memory.ts'
import type { Outcome } from './words.ts'

/** The newer of the file's and the journal's. */
export function trustInForce(provisioned: Trust, kept: KeptTrust | undefined): Trust {
  if (kept === undefined) return provisioned
  if (provisioned.ok && provisioned.document.version >= kept.version) return provisioned
  const trust = keptRead.get(kept) ?? readTrust(Buffer.from(kept.envelope, 'base64'))
  keptRead.set(kept, trust)
  return trust.ok ? trust : provisioned
}

/** The value in memory stays the same object until another document is kept. */
const keptRead = new WeakMap<KeptTrust, Trust>()

/**
 * A trust document that was sent. Taken when it follows the one in force; the hello after it says so. `refused`: why it was
 * not, as one word; what is in force stays, and so does everything else.
 */
export function trustSent(
  memory: AgentMemory,
  bytes: Uint8Array,
  inForce: Trust,
): Outcome & { readonly refused?: string; readonly version?: number } {
  const nothing = { memory, events: [], effects: [] }
  // Who believes nobody can not be told whom to believe.
  if (!inForce.ok) return { ...nothing, refused: 'no-trust' }
  if (bytes.length > trustDocumentBytesMax) return { ...nothing, refused: 'too-long' }
  try {
    const next = successorOf(inForce.document, bytes)
    const { version } = next
    const trust: KeptTrust = { version, envelope: Buffer.from(bytes).toString('base64') }
    const { fleetTime, ...others } = memory
    // A time that a key told which is revoked now may lie years ahead: nothing would ever be in date again.
    const kept = fleetTime !== undefined && sameClock(inForce.document, next) ? { fleetTime } : {}
    return { memory: { ...others, ...kept, trust }, events: [], effects: [{ kind: 'say-hello' }], version }
  } catch (error) {
    if (error instanceof EnvelopeError) return { ...nothing, refused: error.reason.slice(0, 80) }
    // The engine itself failed on a key that parsed.
    return { ...nothing, refused: 'engine' }
  }
}

function sameClock(one: TrustDocument, other: TrustDocument): boolean {
  const keysOf = (trust: TrustDocument): string => [...(timestampRoleOf(trust)?.keyIds ?? [])].sort().join()
  return keysOf(one) === keysOf(other)
}
