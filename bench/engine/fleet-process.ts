// The other end of fleet.ts: orders to the processes of the devices, and the sum of what they tell.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { testClassId, testVendorId } from '../../test/fixtures/bundle.ts'
import type { FleetAnswer, FleetCommand, FleetOrders } from './fleet.ts'
import { component, deviceSecret } from './registry.ts'

const program = fileURLToPath(new URL('./fleet.js', import.meta.url))

export interface FleetCount {
  readonly acknowledged: number
  /** Milliseconds since 1970. */
  readonly at: number
}

export class FleetProcesses {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  /** Resolves when all have said hello. */
  static async open(
    port: number,
    devices: readonly string[],
    wishes: Pick<FleetOrders, 'window' | 'digest' | 'eventsPerSecond'> & { readonly processes?: number },
  ): Promise<FleetProcesses> {
    const { processes = 1, ...rest } = wishes
    const children = Array.from({ length: processes }, () => fork(program))
    const fleet = new FleetProcesses(children)
    const ready = children.map(child => heard(child, 'ready'))
    for (const [index, child] of children.entries()) {
      const orders: FleetOrders = {
        kind: 'open',
        port,
        secret: deviceSecret,
        devices: devices.filter((_, number) => number % processes === index),
        vendorId: testVendorId,
        classId: testClassId,
        component,
        ...rest,
      }
      child.send(orders)
    }
    try {
      await Promise.all(ready)
    } catch (error) {
      await fleet.close()
      throw error
    }
    return fleet
  }

  async count(): Promise<FleetCount> {
    const counts = await this.#ask({ kind: 'count' }, 'count')
    let acknowledged = 0
    for (const count of counts) {
      if (count.lost > 0) throw new Error(`${count.lost} devices lost their connection`)
      acknowledged += count.acknowledged
    }
    return { acknowledged, at: Math.max(...counts.map(({ at }) => at)) }
  }

  /** Nothing is sent any more, and all that was is acknowledged. */
  async hold(): Promise<void> {
    await this.#ask({ kind: 'hold' }, 'idle')
  }

  go(): void {
    for (const child of this.#children) child.send({ kind: 'go' } satisfies FleetCommand)
  }

  /** May be called again. */
  async close(): Promise<void> {
    const running = this.#children.filter(child => child.connected)
    const ended = running.map(child => once(child, 'exit'))
    for (const child of running) child.send({ kind: 'close' } satisfies FleetCommand)
    await Promise.all(ended)
  }

  #ask<Kind extends FleetAnswer['kind']>(
    command: FleetCommand,
    kind: Kind,
  ): Promise<readonly Extract<FleetAnswer, { kind: Kind }>[]> {
    const answers = this.#children.map(child => heard(child, kind))
    for (const child of this.#children) child.send(command)
    return Promise.all(answers)
  }
}

function heard<Kind extends FleetAnswer['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FleetAnswer, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const listener = (answer: FleetAnswer): void => {
      if (answer.kind !== kind && answer.kind !== 'failed') return
      child.off('message', listener)
      if (answer.kind === 'failed') reject(new Error(answer.message))
      else resolve(answer as Extract<FleetAnswer, { kind: Kind }>)
    }
    child.on('message', listener)
  })
}
