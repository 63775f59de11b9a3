// What the agent logged of late, in a ring of bytes: the destination of its logger writes here too, so the lines are as
// they were logged, secrets taken out already. What a broker may ask for after a failure is read from it.
import { deviceLogBytesMax } from '../proto/limits.ts'
import type { RecentLog } from './observer.ts'

/** Of one line; a longer one is clipped, and said to be. */
const lineBytesMax = 8 * 1024

interface Line {
  readonly text: string
  readonly sizeBytes: number
}

export class LogRing implements RecentLog {
  readonly #bytesMax: number
  #lines: Line[] = []
  #sizeBytes = 0
  /** Lines at the head of the list that were logged before the mark. */
  #beforeMark = 0
  #cut = false

  /** `bytesMax`: 1 to `deviceLogBytesMax`, bytes of UTF-8. */
  constructor(bytesMax = deviceLogBytesMax) {
    this.#bytesMax = Math.min(bytesMax, deviceLogBytesMax)
  }

  /** One line or several, each with its newline. */
  write(text: string): void {
    for (const line of text.split('\n')) if (line !== '') this.#push(lineOf(line))
  }

  mark(): void {
    this.#beforeMark = this.#lines.length
    this.#cut = false
  }

  read(): { readonly text: string; readonly cut: boolean } {
    return { text: this.#lines.map(({ text }) => text).join(''), cut: this.#cut }
  }

  #push(line: Line): void {
    this.#lines.push(line)
    this.#sizeBytes += line.sizeBytes
    while (this.#sizeBytes > this.#bytesMax) {
      const dropped = this.#lines.shift()
      if (dropped === undefined) break
      this.#sizeBytes -= dropped.sizeBytes
      if (this.#beforeMark > 0) this.#beforeMark -= 1
      else this.#cut = true
    }
  }
}

function lineOf(text: string): Line {
  const bytes = Buffer.from(`${text}\n`)
  if (bytes.length <= lineBytesMax) return { text: `${text}\n`, sizeBytes: bytes.length }
  // A character cut in two becomes one replacement character.
  const clipped = `${bytes.subarray(0, lineBytesMax - 16).toString()}…\n`
  return { text: clipped, sizeBytes: Buffer.byteLength(clipped) }
}
