// The MQTT message that asks for the same (docs/PROTOCOL.md, section 14): topic and payload, or why there is none.
import { type Request, signedByPeople } from './request.ts'

export interface MqttMessage {
  readonly topic: string
  readonly payload: string
}

/** Bytes of a request by MQTT. */
const payloadBytesMax = 256 * 1024

/** `requestId`: the same one asks once, however often it is sent. A text: why it cannot be asked for in this way. */
export function mqttMessageOf(request: Request, operator: string, requestId: string): MqttMessage | string {
  if (request.type === signedByPeople)
    return 'A command is signed by people, for one operation: the command line above signs and sends it in one step.'
  if (request.targets === undefined) return 'A list in a file goes over HTTP only: POST /v1/operations/import.'
  const payload = JSON.stringify({ requestId, ...request })
  if (new TextEncoder().encode(payload).length > payloadBytesMax)
    return 'The message would be larger than the 256 KiB that one may have: take a filter or a CSV file.'
  return { topic: `drover/v1/operators/${operator}/request/operation-create`, payload }
}
