// Makes Aedes' parser of one client strict: the packet limit is checked when the length is read, before the body is
// awaited, and what MQTT 3.1.1 forbids and plain Aedes lets pass closes the connection. Fitted in `handle`, that is
// before the first byte; for a listener that got Aedes' own `handle` earlier, in preConnect, when CONNECT is parsed.
import { isUtf8 } from 'node:buffer'
import { MessageRefused } from '../../errors.ts'
import { packetBytes } from './frame-guard.ts'
import type { HostClient, HostParser } from './internals.ts'

/** `limit()` is asked for every packet: bytes, fixed header included; undefined lets everything pass. */
export function fitParser(client: HostClient, limit: () => number | undefined): void {
  const parser = client._parser
  const parseLength = parser._parseLength
  const parseString = parser._parseString
  const newPacket = parser._newPacket

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

  // U+0000 and encoded surrogates (1.5.3): ill-formed bytes decode to U+FFFD, so only then the bytes are looked at.
  parser._parseString = () => {
    const start = parser._pos + 2
    const text = parseString.call(parser)
    if (text === null || limit() === undefined) return text
    if (text.includes('\0')) return null
    return text.includes('\uFFFD') && !isUtf8(parser._list.slice(start, parser._pos)) ? null : text
  }

  parser._newPacket = () => {
    const problem = limit() === undefined ? undefined : problemOf(parser.packet)
    return problem === undefined ? newPacket.call(parser) : refuse(parser, 'packet-malformed', problem)
  }
}

function refuse(parser: HostParser, reason: string, message: string): false {
  parser._emitError(new MessageRefused(reason, message))
  return false
}

function problemOf(packet: HostParser['packet']): string | undefined {
  const identified = packet.cmd === 'subscribe' || packet.cmd === 'unsubscribe' || (packet.qos ?? 0) > 0
  if (identified && packet.messageId === 0) return `${packet.cmd} with packet identifier 0 [MQTT-2.3.1-1]`
  if (packet.cmd === 'publish' && packet.qos === 0 && packet.dup === true) {
    return 'DUP on a PUBLISH at QoS 0 [MQTT-3.3.1-2]'
  }
  if (packet.cmd === 'subscribe' && packet.subscriptions?.length === 0)
    return 'SUBSCRIBE without a filter [MQTT-3.8.3-3]'
  return undefined
}
