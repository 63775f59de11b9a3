// Watches the bytes of an MQTT connection for the length each packet announces. A client library buffers what a broker
// announces, up to 256 MB; a device ends the connection at the packet's first bytes instead.

export class FrameBound {
  readonly #bytesMax: number
  /** Bytes of the current packet's body still to pass. */
  #bodyLeft = 0
  /** Bytes of the fixed header seen: 0 = the next byte is a packet type. */
  #headerBytes = 0
  #length = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Undefined, or the size of a packet that is over the bound (Infinity: its length is malformed). Then use it no more. */
  take(bytes: Uint8Array): number | undefined {
    let position = 0
    while (position < bytes.length) {
      if (this.#bodyLeft > 0) {
        const passed = Math.min(this.#bodyLeft, bytes.length - position)
        this.#bodyLeft -= passed
        position += passed
        continue
      }
      const byte = bytes[position] as number
      position += 1
      this.#headerBytes += 1
      if (this.#headerBytes === 1) {
        this.#length = 0
        continue
      }
      // MQTT 3.1.1, 2.2.3: seven bits a byte, least significant first, at most four bytes.
      this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 2)
      if (byte >= 0x80) {
        if (this.#headerBytes === 5) return Number.POSITIVE_INFINITY
        continue
      }
      const packetBytes = this.#headerBytes + this.#length
      if (packetBytes > this.#bytesMax) return packetBytes
      this.#headerBytes = 0
      this.#bodyLeft = this.#length
    }
    return undefined
  }
}
