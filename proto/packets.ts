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

/** PUBLISH at QoS 0, not retained, up to the payload. */
export function publishHead(topic: Uint8Array, payloadBytes: number): Buffer {
  const head = Buffer.allocUnsafe(5 + topic.length)
  let position = 0
  head[position++] = 0x30
  let length = topic.length + payloadBytes
  do {
    const more = length > 127
    head[position++] = (length & 0x7f) | (more ? 0x80 : 0)
    length >>>= 7
  } while (length > 0)
  head.set(topic, position)
  return head.subarray(0, position + topic.length)
}

/** The whole packet; the payload is copied. */
export function publishPacket(topic: Uint8Array, payload: Uint8Array): Buffer {
  return Buffer.concat([publishHead(topic, payload.length), payload])
}
