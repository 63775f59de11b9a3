// What the agent says of itself: its hello, and the events made of the drafts of the cores.
import type { OperationId } from '../../proto/ids.ts'
import type { DeviceEvent, Hello } from '../../proto/messages.ts'
import type { InstalledComponent } from '../core/accept.ts'
import { roomForPatches } from '../core/memory-budget.ts'
import type { EventDraft } from '../core/words.ts'

export interface Identity {
  /** 32 hex digits each. */
  readonly vendorId: string
  readonly classId: string
  readonly agentVersion: string
  /** Largest MQTT packet the device takes, bytes. */
  readonly packetBytesMax: number
  /** What the buffers of an update may take together, and of it what is asked for at a time; bytes. */
  readonly memoryBudgetBytes: number
  readonly windowBytes: number
}

export function helloOf(
  identity: Identity,
  run: { readonly bootId: string; readonly journalId: string },
  installed: ReadonlyMap<string, InstalledComponent>,
  outbox: readonly DeviceEvent[],
  lastEventNumber: number,
  operation: OperationId | undefined,
  trustVersion: number | undefined,
): Hello {
  const { vendorId, classId, agentVersion, packetBytesMax } = identity
  const patchMemoryBytes = roomForPatches(identity)
  return {
    vendorId,
    classId,
    bootId: run.bootId,
    journalId: run.journalId,
    components: [...installed].map(([name, { version, digest }]) => ({ name, version, digest })),
    outboxEventCount: outbox.length,
    // Also with an empty outbox: the broker learns up to where everything has been acknowledged.
    outboxLastEventNumber: lastEventNumber,
    packetBytesMax,
    agentVersion,
    ...(operation === undefined ? {} : { operation }),
    ...(patchMemoryBytes === 0 ? {} : { patchMemoryBytes }),
    ...(trustVersion === undefined ? {} : { trustVersion }),
  }
}

/** A draft with everything that makes it an event. `version` and `digest` are those now running. */
export function eventOf(
  draft: EventDraft,
  numbered: Pick<DeviceEvent, 'journalId' | 'eventNumber' | 'deviceTime'>,
  installed: ReadonlyMap<string, InstalledComponent>,
): DeviceEvent {
  const running = draft.component === undefined ? undefined : installed.get(draft.component)
  return { ...draft, ...running, ...numbered }
}

/** True when `draft` would only repeat an event that waits to be acknowledged. */
export function saysTheSame(event: DeviceEvent, draft: EventDraft): boolean {
  const said = event.content.kind === 'code' ? event.content.code : event.content.step
  const toSay = draft.content.kind === 'code' ? draft.content.code : draft.content.step
  return event.operation === draft.operation && event.attempt === draft.attempt && said === toSay
}
