// Makes Aedes' parser of one client strict: the packet limit is checked when the length is read, before the body is
// awaited, and what MQTT 3.1.1 forbids and plain Aedes lets pass closes the connection (packet-form.ts). Fitted in
// `handle`, that is before the first byte; for a listener that got Aedes' own `handle` earlier, in preConnect, when
// CONNECT is parsed.
import { MessageRefused } from '../../errors.ts'
import { packetBytes } from './frame-guard.ts'
import type { HostClient, HostParser } from './internals.ts'
import { formProblem, publishFront } from './packet-form.ts'

/** `limit()` is asked for every packet: bytes, fixed header included; undefined lets everything pass. */
export function fitParser(client: HostClient, limit: () => number | undefined): void {
  const parser = client._parser
  const parseHeader = parser._parseHeader
  const parseLength = parser._parseLength
  const parsePayload = parser._parsePayload
  let first = -1

  parser._parseHeader = () => {
    first = parser._list.get(0)
    return parseHeader.call(parser)
  }

  parser._parseLength = () => {
    if (!parseLength.call(parser)) return false
    const bytesMax = limit()
    if (bytesMax === undefined) return true
    if (parser.packet.cmd !== 'connect' && !client.connecting && !client.connected) {
      return refuse(parser, 'first-not-connect', `the first packet is ${parser.packet.cmd}, not CONNECT`)
    }
    const bytes = packetBytes(parser.packet.length)
    if (bytes <= bytesMax) return true
    return refuse(parser, 'packet-too-large', `a packet of ${bytes} bytes, at most ${bytesMax} are taken`)
  }

  parser._parsePayload = () => {
    const { length } = parser.packet
    // Fitted in the middle of a packet we have not seen its first byte; a second CONNECT is not read, it closes.
    const judged = first !== -1 && limit() !== undefined && !(first >> 4 === connectType && client.connected)
    if (!judged || parser._list.length < length) return parsePayload.call(parser)
    const problem = formProblem(first, length, front(parser, first))
    if (problem === undefined) return parsePayload.call(parser)
    if (problem.level === undefined) return refuse(parser, 'packet-malformed', problem.text)
    // Aedes answers it with return code 1, if it gets that far: its parser would not, or not for every level.
    Object.assign(parser.packet, unknownLevel)
    return true
  }
}

/** The body; of a PUBLISH what is before the payload, which is not copied. */
function front({ _list: list, packet }: HostParser, first: number): Buffer {
  const { length } = packet
  if (first >> 4 !== publishType || length < 2) return list.slice(0, length)
  const topicBytes = list.get(0) * 256 + list.get(1)
  return list.slice(0, Math.min(length, publishFront(first, topicBytes)))
}

function refuse(parser: HostParser, reason: string, message: string): false {
  parser._emitError(new MessageRefused(reason, message))
  return false
}

const connectType = 1
const publishType = 3

/** What is left of a CONNECT of another protocol: nobody else is to read it. */
const unknownLevel = { protocolId: 'MQTT', protocolVersion: 0, clean: true, keepalive: 0, clientId: '' }
