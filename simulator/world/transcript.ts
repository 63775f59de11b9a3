// What happened, a line each, in order: the last ones are shown with a failing seed, and two runs of one seed must give
// the same text.
import { createHash } from 'node:crypto'

const shownMax = 100

export class Transcript {
  readonly #hash = createHash('sha256')
  readonly #kept: string[] = []
  readonly #all: boolean
  #count = 0
  #marked: string | undefined

  /** `all`: every line is kept, not only the last. */
  constructor(all: boolean) {
    this.#all = all
  }

  get count(): number {
    return this.#count
  }

  /** `ms`: true time. */
  add(ms: number, line: string): void {
    const text = `${clockText(ms)} ${line}\n`
    this.#count += 1
    this.#hash.update(text)
    this.#kept.push(text)
    if (!this.#all && this.#kept.length > 2 * shownMax) this.#kept.splice(0, shownMax)
  }

  get text(): string {
    return this.#kept.join('')
  }

  /** The last hundred, or those up to the mark. */
  get last(): string {
    return this.#marked ?? this.#kept.slice(-shownMax).join('')
  }

  /** Here is what a reader wants to see the way to; the first mark counts. */
  mark(): void {
    this.#marked ??= this.last
  }

  /** Of every line so far. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}

/** Days, hours, minutes, seconds and milliseconds since the world began. */
function clockText(ms: number): string {
  const two = (value: number) => `${Math.floor(value)}`.padStart(2, '0')
  const day = Math.floor(ms / 86_400_000)
  const [hour, minute, second] = [(ms / 3_600_000) % 24, (ms / 60_000) % 60, (ms / 1000) % 60]
  return `${day}d ${two(hour)}:${two(minute)}:${two(second)}.${`${Math.floor(ms % 1000)}`.padStart(3, '0')}`
}
