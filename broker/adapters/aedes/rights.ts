// Who may publish, subscribe, receive and leave as a will on which topic. Pure, and asked at each of the four places,
// because each can be reached without the others: a wildcard passes SUBSCRIBE, a persisted session passes no SUBSCRIBE,
// a will passes no PUBLISH.
//
//              publish               subscribe                     receive            will
//   device     its own uplinks,      its own downlinks, exactly    the same, without  its own presence
//              its telemetry         those of a broadcast session  the sessions
//   operator   own request/{verb}    own answers, live topics,     the same           none
//                                    telemetry of devices
//   stranger   anything but reserved, where the host agrees        the same           the same
//
// Reserved are drover/v1 and all below, $SYS, $share and our sink. A device gets no wildcard, not even for its own
// subtree: the rule stays a plain compare. Which sessions a device may hear, whoever sends in them knows and is asked
// (broadcast-subscriptions.ts); what is sent there goes straight to the sockets, so nobody ever receives it by the emitter.
import {
  isTelemetryOf,
  operatorMaySubscribe,
  parseDeviceTopic,
  parseOperatorRequest,
  parseSessionTopic,
  root,
  uplinkOf,
} from '../../../proto/topics.ts'
import type { Identity } from '../../ports.ts'

/** Who a connection belongs to. A stranger is nobody of ours: the host knows him, or nobody does. */
export type Party = Identity | { readonly kind: 'stranger' }

/** Where messages we have taken out are sent instead: `$`, so that no wildcard of a client matches it. */
export const sinkTopic = '$drover/sink'

/** Stands among the filters of a stranger's kept session, to say that there is one. Nobody may subscribe to it. */
export const sessionFilter = '$drover/session'

export function mayPublish(party: Party, topic: string): boolean {
  switch (party.kind) {
    case 'device':
      return uplinkOf(party.device, topic) !== undefined || isTelemetryOf(party.device, topic)
    case 'operator':
      return parseOperatorRequest(topic)?.operator === party.principal.name
    case 'stranger':
      return !isReserved(topic)
  }
}

/**
 * A stranger's filter that can only match reserved topics is refused; a wider one (`#`, `+/v1/#`) is the host's to grant
 * and mayReceive keeps ours out of it.
 */
export function maySubscribe(party: Party, filter: string): boolean {
  switch (party.kind) {
    case 'device':
      return parseSessionTopic(filter) !== undefined || isForDevice(party.device, filter)
    case 'operator':
      return operatorMaySubscribe(party.principal.name, filter)
    case 'stranger':
      return !isReserved(filter)
  }
}

export function mayReceive(party: Party, topic: string): boolean {
  switch (party.kind) {
    case 'device':
      return isForDevice(party.device, topic)
    case 'operator':
      return operatorMaySubscribe(party.principal.name, topic)
    case 'stranger':
      return !isReserved(topic)
  }
}

export function mayWill(party: Party, topic: string): boolean {
  switch (party.kind) {
    case 'device':
      return uplinkOf(party.device, topic) === 'presence'
    case 'operator':
      return false
    case 'stranger':
      return !isReserved(topic)
  }
}

export function isReserved(topicOrFilter: string): boolean {
  return reservedTrees.some(tree => topicOrFilter === tree || topicOrFilter.startsWith(`${tree}/`))
}

const reservedTrees: readonly string[] = [root, '$SYS', '$share', '$drover']

function isForDevice(device: string, topic: string): boolean {
  const named = parseDeviceTopic(topic)
  return named !== undefined && 'downlink' in named && named.device === device
}
