// Finds the packets that make up nearly all of what devices send: a PUBLISH at QoS 1 on the device's topic for events,
// whole in the bytes just read. What is found is well-formed by what it is compared with: the topic is the very one that
// the connection may publish on, the message id is not 0 (MQTT 3.1.1, 3.3). Everything else is left to the parser, with
// what must be said about it.

export interface EventPacket {
  readonly messageId: number
  readonly payloadAt: number
  /** Behind the last byte. */
  readonly end: number
}

/** First byte of a PUBLISH at QoS 1 that is not retained, the flag DUP left out. */
const publishQos1 = 0x32
const dupFlag = 0x08
/** With a length of up to two bytes; a longer one is no hurry. */
const lengthMax = 0x3fff

/** The one that begins at `at`; `topic` as it stands in the packet, with its length. */
export function eventPacketAt(
  bytes: Uint8Array,
  at: number,
  topic: Uint8Array,
  bytesMax: number,
): EventPacket | undefined {
  if (bytes.length - at < 2 || ((bytes[at] as number) & ~dupFlag) !== publishQos1) return undefined
  let length = bytes[at + 1] as number
  let position = at + 2
  if (length >= 0x80) {
    const high = bytes[position++]
    if (high === undefined || high >= 0x80 || high === 0) return undefined
    length = (length & 0x7f) + 0x80 * high
  }
  const end = position + length
  const payloadAt = position + topic.length + 2
  if (length > lengthMax || end > bytes.length || payloadAt > end || end - at > bytesMax) return undefined
  for (let index = 0; index < topic.length; index++, position++) if (bytes[position] !== topic[index]) return undefined
  const messageId = (bytes[position] as number) * 256 + (bytes[position + 1] as number)
  return messageId === 0 ? undefined : { messageId, payloadAt, end }
}
