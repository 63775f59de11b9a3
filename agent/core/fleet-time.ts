// What the device knows of the time and of its own freshness. Where the trust document has a role `timestamp`, an offer
// counts only beside a fresh time: whoever holds a device back, by playing old offers to it or by keeping a new trust
// document from it, can keep it from updates, but not make it take one. Pure, as offers.ts.
import { EnvelopeError } from '../../proto/envelope.ts'
import type { Failure } from '../../proto/event-codes.ts'
import { readFleetTime, timestampRoleOf } from '../../proto/fleet-time.ts'
import type { Trust } from './accept.ts'
import type { AgentMemory } from './memory.ts'

/** `memory` with the time that came, where it is later than the one known. What is no time of the fleet changes nothing. */
export function withFleetTime(memory: AgentMemory, bytes: Uint8Array | undefined, trust: Trust): AgentMemory {
  const role = trust.ok ? timestampRoleOf(trust.document) : undefined
  if (bytes === undefined || role === undefined || !trust.ok) return memory
  try {
    const time = readFleetTime(bytes, role, trust.document)
    const { issuedAt = 0, trustVersion = 0 } = memory.fleetTime ?? {}
    if (time.issuedAt <= issuedAt) return memory
    // What was once said to exist goes on existing.
    return { ...memory, fleetTime: { ...time, trustVersion: Math.max(time.trustVersion, trustVersion) } }
  } catch (error) {
    if (error instanceof EnvelopeError) return memory
    throw error
  }
}

/** The device's clock, which may stand or be set back, and never earlier than the fleet was seen to be. */
export function timeNow(wallMs: number, { fleetTime }: AgentMemory): number {
  return Math.max(wallMs, fleetTime?.issuedAt ?? 0)
}

/** Why nothing new may be taken now; undefined where nobody asks for a time, or it is fresh. `now` as of `timeNow`. */
export function staleness(now: number, { fleetTime }: AgentMemory, trust: Trust): Failure | undefined {
  if (!trust.ok || timestampRoleOf(trust.document) === undefined) return undefined
  const failure = (reason: string, field: string, expected: string, actual: string): Failure => ({
    code: 'UPD4_FAIL_23',
    data: { reason, field, expected, actual },
  })
  if (fleetTime === undefined) return failure('stale', 'time', 'a signed time', 'none')
  if (now >= fleetTime.expiresAt) return failure('stale', 'time', `above ${now}`, String(fleetTime.expiresAt))
  const { version } = trust.document
  if (version < fleetTime.trustVersion)
    return failure('trust-outdated', 'trust', String(fleetTime.trustVersion), String(version))
  return undefined
}
