// The other end of attacker.ts.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { AttackCounts, AttackPlan } from './attack.ts'
import type { AttackAnswer, AttackOrder } from './attacker.ts'

const program = fileURLToPath(new URL('./attacker.js', import.meta.url))

export interface AttackFigures {
  readonly counts: AttackCounts
  readonly cpuSeconds: number
}

export class AttackerProcess {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Resolves when the attack has begun. The caller ends it. */
  static async begin(plan: AttackPlan): Promise<AttackerProcess> {
    const attacker = new AttackerProcess(fork(program))
    await attacker.#ask({ kind: 'begin', plan }, 'begun')
    return attacker
  }

  async figures(): Promise<AttackFigures> {
    const { counts, cpuSeconds } = await this.#ask({ kind: 'count' }, 'count')
    return { counts, cpuSeconds }
  }

  /** May be called again. */
  async end(): Promise<void> {
    if (!this.#child.connected) return
    const gone = once(this.#child, 'exit')
    this.#child.send({ kind: 'end' } satisfies AttackOrder)
    await gone
  }

  #ask<Kind extends AttackAnswer['kind']>(
    order: AttackOrder,
    kind: Kind,
  ): Promise<Extract<AttackAnswer, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#child.off('message', heard)
        this.#child.off('exit', left)
        act()
      }
      const heard = (answer: AttackAnswer): void => {
        if (answer.kind === 'failed') settle(() => reject(new Error(answer.message)))
        else if (answer.kind === kind) settle(() => resolve(answer as Extract<AttackAnswer, { kind: Kind }>))
      }
      const left = (): void => settle(() => reject(new Error('the attacking process ended by itself')))
      this.#child.on('message', heard)
      this.#child.once('exit', left)
      this.#child.send(order)
    })
  }
}
