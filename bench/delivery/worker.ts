// A process of its own for each side of a measurement, so that its CPU and memory are its own: a module says which
// questions it answers, the parent asks them by name, one answer each.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median } from '../engine/printing.ts'

/** What a process can be asked; orders and answers are plain JSON. */
export type Verbs = Readonly<Record<string, (order: never) => unknown>>

interface Question {
  readonly number: number
  readonly verb: string
  readonly order: unknown
}
interface Answer {
  readonly number: number
  readonly answer?: unknown
  readonly problem?: string
}

/** Called once by the module of the process; ends it when the parent lets go. */
export function answerTo(verbs: Verbs): void {
  process.on('message', async ({ number, verb, order }: Question) => {
    try {
      const act = verbs[verb] as ((order: unknown) => unknown) | undefined
      if (act === undefined) throw new Error(`no such verb: ${verb}`)
      process.send?.({ number, answer: await act(order) } satisfies Answer)
    } catch (error) {
      process.send?.({ number, problem: String((error as Error).stack) } satisfies Answer)
    }
  })
  process.on('disconnect', () => process.exit())
}

/** CPU and time of this process since the last question; a verb of every side. */
export function cpuMeter(): () => CpuTaken {
  let before = process.cpuUsage()
  let at = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(before)
    const seconds = (performance.now() - at) / 1000
    before = process.cpuUsage()
    at = performance.now()
    return { cpuSeconds: (user + system) / 1e6, seconds }
  }
}

/** All threads, user and system; and the time it was measured over. */
export interface CpuTaken {
  readonly cpuSeconds: number
  readonly seconds: number
}

export class Worker<V extends Verbs> {
  readonly #child: ChildProcess
  readonly #open = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>()
  #number = 0

  /** `module` is a compiled file beside this one that calls `answerTo`. */
  static start<V extends Verbs>(module: string): Worker<V> {
    const program = fileURLToPath(new URL(`./${module}.js`, import.meta.url))
    // As `npm start` starts the broker; what else there is inherits nothing from the test runner.
    const env = { MALLOC_ARENA_MAX: '1', ...process.env, NODE_OPTIONS: '' }
    return new Worker<V>(fork(program, { execArgv: [], env }))
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', ({ number, answer, problem }: Answer) => {
      const asked = this.#open.get(number)
      this.#open.delete(number)
      if (problem === undefined) asked?.resolve(answer)
      else asked?.reject(new Error(problem))
    })
    child.on('exit', code => {
      for (const { reject } of this.#open.values()) reject(new Error(`a process of the bench ended with ${code}`))
      this.#open.clear()
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  ask<Verb extends keyof V & string>(
    verb: Verb,
    ...[order]: Parameters<V[Verb]>[0] extends undefined ? [] : [Parameters<V[Verb]>[0]]
  ): Promise<Awaited<ReturnType<V[Verb]>>> {
    this.#number += 1
    const number = this.#number
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) reject(new Error('the process has ended'))
      this.#open.set(number, { resolve: answer => resolve(answer as Awaited<ReturnType<V[Verb]>>), reject })
      this.#child.send({ number, verb, order } satisfies Question)
    })
  }

  /** May be called again. */
  async close(): Promise<void> {
    if (!this.#child.connected) return
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }
}

/** Rounds before those that count, where there are more of those: a broker in its first second is mostly V8 compiling it. */
const warmUpsMost = 2

/** Of each side, in rounds taken turn about: what disturbs the machine disturbs all. Warm-up rounds are not kept. */
export async function turnAbout<Side extends string, Figures>(
  rounds: number,
  sides: readonly Side[],
  measure: (side: Side, isWarmUp: boolean) => Promise<Figures>,
): Promise<Readonly<Record<Side, readonly Figures[]>>> {
  const kept = Object.fromEntries(sides.map(side => [side, [] as Figures[]])) as unknown as Record<Side, Figures[]>
  for (let round = -Math.min(rounds, warmUpsMost); round < rounds; round += 1) {
    // Every other round the other way round: nobody is always the first after a pause.
    for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
      const figures = await measure(side, round < 0)
      if (round >= 0) kept[side].push(figures)
    }
  }
  return kept
}

/** The median over the rounds of `above / below`, each ratio within its round. */
export function medianRatio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, round) => value / (below[round] ?? Number.NaN)))
}
