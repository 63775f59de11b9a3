// Everything the agent remembers besides its outbox: one value of plain JSON, saved as a whole with each transition.
// The state of the one job under way, an update or a command, and what protects against doing something twice or going
// back.

import type { Failure } from '../../proto/event-codes.ts'
import type { FleetTime } from '../../proto/fleet-time.ts'
import type { OperationId } from '../../proto/ids.ts'
import type { JsonValue } from '../../proto/json.ts'
import type { ManifestFormat } from '../../proto/manifest.ts'
import type { EventContent } from '../../proto/messages.ts'
import type { PatchTransport } from '../../proto/patch-transport.ts'
import type { Session } from './broadcast.ts'

/** What a download took, plain bytes but `wireBytes`: those as they travelled. */
export interface Transfer {
  /** Found in the candidate or copied from what is installed. */
  readonly heldBytes: number
  readonly receivedBytes: number
  readonly wireBytes: number
  /** Made by a patch: neither held nor received. */
  readonly patchBytes?: number
  /** Of the wire bytes: the patch. */
  readonly patchWireBytes?: number
  /** Of the received bytes: heard in a broadcast session. */
  readonly broadcastBytes?: number
}

/** The update under way, as accepted. Digests are lower-case hex. */
export interface Job {
  readonly operation: OperationId
  readonly attempt: number
  /** The signed manifest exactly as received, base64: it is fully validated again at every resume. */
  readonly envelope: string
  readonly envelopeSha256: string
  readonly component: string
  readonly version: string
  /** Installed SHA-256. */
  readonly digest: string
  readonly releaseCounter: number
  /** Of the trust document it was accepted under; absent: 0. */
  readonly releaseEpoch?: number
  /** The image goes on trial by a restart; otherwise the slot is switched at once. */
  readonly reboot: boolean
  /** How the payload becomes the image; absent: it is the image. */
  readonly format?: Exclude<ManifestFormat, 'raw'>
  /** Present and true: verified, it waits for the broker's go before it is installed. */
  readonly hold?: boolean
  /** The broadcast session the chunks come from; `hold` is set until it is activated. */
  readonly session?: Session
  /** One more way to the image, of a raw payload alone. Nobody signed it: it may save bytes, and decides nothing. */
  readonly patch?: PatchTransport
  /** Once the payload is here. */
  readonly transfer?: Transfer
  /** 32 hex digits: what the signed report of its success has to name. */
  readonly reportNonce?: string
}

export type UpdateState =
  | { readonly kind: 'idle' }
  /** Valid and persisted: may it be downloaded, and is there room for it? */
  | { readonly kind: 'accepting'; readonly job: Job }
  /** `elapsedMs`: time the download has been under way while the agent ran. */
  | { readonly kind: 'downloading'; readonly job: Job; readonly elapsedMs: number }
  | { readonly kind: 'verifying'; readonly job: Job }
  /** Whole and verified; installed when the broker says so. */
  | { readonly kind: 'awaiting-install'; readonly job: Job }
  /** From here on nothing takes the update back but its own failure. */
  | { readonly kind: 'installing'; readonly job: Job }
  | { readonly kind: 'rebooting'; readonly job: Job }
  | { readonly kind: 'confirming'; readonly job: Job }
  /** `failure` is told when the old image runs again. */
  | { readonly kind: 'rolling-back'; readonly job: Job; readonly failure: Failure }

/** The command under way, as accepted. */
export interface CommandJob {
  readonly operation: OperationId
  readonly attempt: number
  readonly operationType: string
  /** The signed command exactly as received, base64: it is fully validated again at every resume. */
  readonly envelope: string
  readonly envelopeSha256: string
  readonly reportNonce?: string
}

export type CommandState =
  /** Valid and persisted; nothing has been done. */
  | { readonly kind: 'accepted'; readonly job: CommandJob }
  /** From here on its own result is the answer. `plan`: what its handler needs to finish it or to do it again. */
  | { readonly kind: 'acting'; readonly job: CommandJob; readonly plan: JsonValue }
  /** The whole device starts anew: done when its boot id is another one. */
  | { readonly kind: 'restarting'; readonly job: CommandJob; readonly bootId: string }

/** The newest release of a component that was committed. */
export interface ReleaseMark {
  readonly counter: number
  readonly digest: string
  /** The release epoch of the trust document it was accepted under; absent: 0. */
  readonly epoch?: number
}

/** A trust document that came over the wire: the signed envelope in base64. */
export interface KeptTrust {
  readonly version: number
  readonly envelope: string
}

/** How an operation ended on this device. */
export interface OperationResult {
  readonly operation: OperationId
  readonly attempt: number
  readonly envelopeSha256: string
  readonly component?: string
  /** What was said at the end; `hello`: success that the broker judges from the hello itself (SYS_112). */
  readonly outcome: EventContent | { readonly kind: 'hello' }
  readonly data: Readonly<Record<string, string>>
  /** Of a success that has to be signed: so long as the result is remembered it can be. */
  readonly reportNonce?: string
}

export const resultsMax = 64
export const leasesMax = 64
export const logsWantedMax = 8
/** Results whose long texts (a diff, an output) are kept; of older ones their cut mark stays. */
const wholeResultsMax = 4
const longTextCharacters = 256

export interface AgentMemory {
  readonly state: UpdateState
  /** Absent: none. One job at a time: with a command under way `state` is idle. */
  readonly command?: CommandState
  /** The highest lease taken of each operation; the operation heard of last stands last, at most `leasesMax`. */
  readonly leases: readonly { readonly operation: OperationId; readonly lease: number }[]
  /** Attempts after whose failure the recent log is sent, the newest last, at most `logsWantedMax`; absent: none. */
  readonly logsWanted?: readonly { readonly operation: OperationId; readonly attempt: number }[]
  /** Absent: the one the device was provisioned with is in force. Its version never falls. */
  readonly trust?: KeptTrust
  /** The latest signed time of the fleet that was seen; absent: none. */
  readonly fleetTime?: FleetTime
  /** By component. A counter never falls within one epoch. */
  readonly releaseMarks: Readonly<Record<string, ReleaseMark>>
  /** Oldest first, at most `resultsMax`. */
  readonly results: readonly OperationResult[]
  /** The number the next event will get; from 1, without gaps. */
  readonly nextEventNumber: number
}

export const emptyMemory: AgentMemory = {
  state: { kind: 'idle' },
  leases: [],
  releaseMarks: {},
  results: [],
  nextEventNumber: 1,
}

/** The job under way, or undefined when idle. */
export function jobOf(state: UpdateState): Job | undefined {
  return state.kind === 'idle' ? undefined : state.job
}

/** What the device is busy with, of whatever type. */
export function underWay({ state, command }: AgentMemory): Job | CommandJob | undefined {
  return command?.job ?? jobOf(state)
}

/** `memory` with no command under way. */
export function withoutCommand({ command: _, ...memory }: AgentMemory): AgentMemory {
  return memory
}

/** Leases count within one operation: each operation has a leader of its own, whose numbers begin anew. */
export function leaseOf(memory: AgentMemory, operation: OperationId): number {
  return memory.leases.find(known => known.operation === operation)?.lease ?? 0
}

export function withLease(memory: AgentMemory, operation: OperationId, lease: number): AgentMemory {
  if (lease <= leaseOf(memory, operation)) return memory
  const others = memory.leases.filter(known => known.operation !== operation)
  return { ...memory, leases: [...others, { operation, lease }].slice(-leasesMax) }
}

/** The offer of this attempt asks for the log of a failure. */
export function withLogWanted(memory: AgentMemory, operation: OperationId, attempt: number): AgentMemory {
  if (isLogWanted(memory, operation, attempt)) return memory
  return { ...memory, logsWanted: [...(memory.logsWanted ?? []), { operation, attempt }].slice(-logsWantedMax) }
}

export function isLogWanted({ logsWanted = [] }: AgentMemory, operation: OperationId, attempt: number): boolean {
  return logsWanted.some(wanted => wanted.operation === operation && wanted.attempt === attempt)
}

export function withResult(memory: AgentMemory, result: OperationResult): AgentMemory {
  const others = memory.results.filter(
    ({ operation, attempt }) => operation !== result.operation || attempt !== result.attempt,
  )
  const results = [...others, result].slice(-resultsMax)
  // The record is written whole at each step: what would fill it is told, and told again for a while, not forever.
  const kept = results.map((each, position) => (position < results.length - wholeResultsMax ? shortened(each) : each))
  return { ...memory, results: kept }
}

function shortened(result: OperationResult): OperationResult {
  const long = ['diff', 'output'].filter(name => (result.data[name]?.length ?? 0) > longTextCharacters)
  if (long.length === 0) return result
  const data = Object.entries(result.data).map(([name, value]) =>
    long.includes(name) ? [`${name}_cut`, 'true'] : [name, value],
  )
  return { ...result, data: Object.fromEntries(data) }
}

export function withMark(memory: AgentMemory, component: string, mark: ReleaseMark): AgentMemory {
  const before = memory.releaseMarks[component]
  const epochs = [before?.epoch ?? 0, mark.epoch ?? 0] as const
  if (before !== undefined && (epochs[0] > epochs[1] || (epochs[0] === epochs[1] && before.counter > mark.counter)))
    return memory
  return { ...memory, releaseMarks: { ...memory.releaseMarks, [component]: mark } }
}
