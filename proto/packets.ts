// MQTT packets made beside the emitter: the head of a PUBLISH at QoS 0 (MQTT 3.1.1, 3.3), for whoever writes the payload
// to a socket himself, and whole packets for whoever sends the same to many.

/** Length and bytes of a topic as they stand in a PUBLISH. */
export function topicField(topic: string): Buffer {
  const text = Buffer.from(topic)
  const field = Buffer.alloc(2 + text.length)
  field.writeUInt16BE(text.length)
  text.copy(field, 2)
  return field
}

/**
 * PUBLISH at QoS 0, not retained, up to the payload. With `roomBytes` there is room behind it for so much of the payload,
 * for the caller to fill.
 */
export function publishHead(topic: Uint8Array, payloadBytes: number, roomBytes = 0): Buffer {
  let length = topic.length + payloadBytes
  const lengthBytes = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4
  const head = Buffer.allocUnsafe(1 + lengthBytes + topic.length + roomBytes)
  let position = 0
  head[position++] = 0x30
  do {
    const more = length > 127
    head[position++] = (length & 0x7f) | (more ? 0x80 : 0)
    length >>>= 7
  } while (length > 0)
  head.set(topic, position)
  return head
}

/** The whole packet; the payload is copied. */
export function publishPacket(topic: Uint8Array, payload: Uint8Array): Buffer {
  return Buffer.concat([publishHead(topic, payload.length), payload])
}
