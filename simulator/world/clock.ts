// The time of a world. True time only moves when nothing is left to do at this moment: the next timer of the heap is
// taken, and everything that follows from it without waiting runs to its end. What people call the time (the wall clock)
// stands beside it and may be set; a process counts its own time from an arbitrary number that is new at each start.
import { nextTick } from 'node:process'

interface Timer {
  readonly at: number
  /** Timers of one moment fire in the order they were made. */
  readonly order: number
  readonly action: () => void
  cancelled: boolean
}

export class WorldClock {
  #trueMs = 0
  #wallMs: number
  /** What the wall clock showed at the beginning. */
  readonly startMs: number
  #order = 0
  #outside = 0
  #steps = 0
  readonly #heap: Timer[] = []

  /** `wallMs`: milliseconds since 1970 at the beginning. */
  constructor(wallMs: number) {
    this.#wallMs = wallMs
    this.startMs = wallMs
  }

  /** Milliseconds since the world began; what really passes. */
  get trueMs(): number {
    return this.#trueMs
  }

  /** What a wall clock shows: true time, moved by every setting. */
  get wallMs(): number {
    return Math.floor(this.#wallMs + this.#trueMs)
  }

  /** Somebody sets the wall clock. */
  jump(byMs: number): void {
    this.#wallMs += byMs
  }

  /** The result cancels it. */
  after(delayMs: number, action: () => void): () => void {
    const timer: Timer = {
      at: this.#trueMs + Math.max(0, delayMs),
      order: this.#order++,
      action,
      cancelled: false,
    }
    push(this.#heap, timer)
    return () => {
      timer.cancelled = true
    }
  }

  /** Something outside of the world (a real disk) is waited for: its time does not pass meanwhile. */
  async outside<T>(doing: () => Promise<T>): Promise<T> {
    this.#outside += 1
    try {
      return await doing()
    } finally {
      this.#outside -= 1
    }
  }

  /**
   * Everything that waits for nothing but promises has run when this resolves: a tick comes after the last promise, and
   * costs a tenth of an immediate. Now and then the signals and files of the real world get their turn, too.
   */
  async #settled(): Promise<void> {
    this.#steps += 1
    if (this.#steps % turnEvery !== 0 && this.#outside === 0) await ticked()
    else await turned()
    while (this.#outside > 0) await turned()
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => this.after(delayMs, resolve))
  }

  /** Runs until `done` says so or true time has reached `untilMs`. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<void> {
    await this.#settled()
    while (!done()) {
      const timer = this.#heap[0]
      if (timer === undefined || timer.at > untilMs) {
        this.#trueMs = Math.max(this.#trueMs, untilMs)
        return
      }
      pop(this.#heap)
      if (timer.cancelled) continue
      this.#trueMs = timer.at
      timer.action()
      await this.#settled()
    }
  }
}

/** A process's view: its own monotonic clock, and timers that end with it. It is the Clock port of the broker. */
export class ProcessClock {
  readonly #world: WorldClock
  readonly #startedAt: number
  readonly #base: number
  #alive = true

  constructor(world: WorldClock, monotonicBase: number) {
    this.#world = world
    this.#startedAt = world.trueMs
    this.#base = monotonicBase
  }

  now(): number {
    return this.#world.wallMs
  }

  monotonic(): number {
    return this.#base + this.#world.trueMs - this.#startedAt
  }

  after(delayMs: number, action: () => void): () => void {
    return this.#world.after(delayMs, () => {
      if (this.#alive) action()
    })
  }

  kill(): void {
    this.#alive = false
  }
}

/** Steps between two turns of the event loop. */
const turnEvery = 64

function ticked(): Promise<void> {
  return new Promise(resolve => nextTick(resolve))
}

function turned(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: Timer[], timer: Timer): void {
  let index = heap.length
  heap.push(timer)
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent] as Timer
    if (!before(timer, above)) break
    heap[index] = above
    index = parent
  }
  heap[index] = timer
}

function pop(heap: Timer[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    const right = heap[child + 1]
    if (right !== undefined && before(right, heap[child] as Timer)) child += 1
    const below = heap[child] as Timer
    if (!before(below, last)) break
    heap[index] = below
    index = child
  }
  heap[index] = last
}
