// Takes a stream of bytes apart into MQTT packets, for who only counts them.
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0)

  /** `seen` gets the type and the body of each whole packet; the body is good during the call. */
  take(bytes: Buffer, seen: (type: number, body: Buffer) => void): void {
    let all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    for (;;) {
      let length = 0
      let at = 1
      for (let shift = 0; ; shift += 7) {
        const byte = all[at++]
        if (byte === undefined) {
          this.#rest = Buffer.from(all)
          return
        }
        length += (byte & 0x7f) * 2 ** shift
        if ((byte & 0x80) === 0) break
      }
      if (all.length < at + length) {
        this.#rest = Buffer.from(all)
        return
      }
      seen((all[0] ?? 0) >> 4, all.subarray(at, at + length))
      all = all.subarray(at + length)
    }
  }
}
