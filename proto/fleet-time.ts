// The signed time of the fleet: how late it is at least, until when that is fresh, and which trust document is the newest.
// A device that is shown nothing but old offers sees an old time beside them.
import { decode, encode } from './codec.ts'
import {
  distrust,
  EnvelopeError,
  openEnvelope,
  type Role,
  signEnvelope,
  type TrustDocument,
  timestampRole,
} from './envelope.ts'
import { fleetTimeBytesMax } from './limits.ts'

/** Times are milliseconds since 1970. */
export interface FleetTime {
  readonly issuedAt: number
  /** Above `issuedAt`. */
  readonly expiresAt: number
  readonly trustVersion: number
}

/** The role that tells the time, where the document has one. */
export function timestampRoleOf(trust: TrustDocument): Role | undefined {
  return trust.roles.get(timestampRole)
}

/** The bytes that are signed with the payload type `time`. */
export function encodeFleetTime({ issuedAt, expiresAt, trustVersion }: FleetTime): Buffer {
  return encode('FleetTime', { issuedAt, expiresAt, trustVersion })
}

export function signFleetTime(time: FleetTime, keys: Parameters<typeof signEnvelope>[2]): Buffer {
  return signEnvelope('time', encodeFleetTime(time), keys)
}

/** What `role` of the document says of the time. Throws EnvelopeError; freshness is the reader's to judge. */
export function readFleetTime(bytes: Uint8Array, role: Role, trust: TrustDocument): FleetTime {
  if (bytes.length > fleetTimeBytesMax) throw new EnvelopeError('MALFORMED', 'time too long')
  const envelope = openEnvelope(bytes)
  const reason = distrust(envelope, 'time', role, trust)
  if (reason !== undefined) throw new EnvelopeError('NOT_TRUSTED', reason)
  let wire: ReturnType<typeof decode<'FleetTime'>>
  try {
    wire = decode('FleetTime', envelope.payload, fleetTimeBytesMax)
  } catch (cause) {
    throw new EnvelopeError('MALFORMED', 'time does not decode', { cause })
  }
  const { issuedAt, expiresAt, trustVersion = 0 } = wire
  if (issuedAt === undefined || expiresAt === undefined || expiresAt <= issuedAt)
    throw new EnvelopeError('MALFORMED', 'time')
  return { issuedAt, expiresAt, trustVersion }
}
