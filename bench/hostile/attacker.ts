// The process of an attack: it does what it is told, with a share of one core and no more, until it is told to end. The
// other end is attacker-process.ts.
import type { Attack, AttackCounts, AttackName, AttackPlan } from './attack.ts'
import { Duty } from './duty.ts'
import { Flood } from './flood.ts'
import { HalfOpen } from './half-open.ts'
import { Headers } from './headers.ts'
import { Strangers } from './strangers.ts'

export type AttackOrder =
  | { readonly kind: 'begin'; readonly plan: AttackPlan }
  | { readonly kind: 'count' }
  | { readonly kind: 'end' }
export type AttackAnswer =
  | { readonly kind: 'begun' | 'ended' }
  | { readonly kind: 'count'; readonly counts: AttackCounts; readonly cpuSeconds: number }
  | { readonly kind: 'failed'; readonly message: string }

const attacks: Readonly<Record<AttackName, (plan: AttackPlan) => Attack>> = {
  strangers: plan => new Strangers(plan),
  flood: plan => new Flood(plan),
  headers: plan => new Headers(plan),
  'half-open': plan => new HalfOpen(plan),
}

const tickMs = 1
/** Between two looks at the processor time. */
const blowsAtOnce = 5
let attack: Attack | undefined
let timer: NodeJS.Timeout | undefined

process.on('message', (order: AttackOrder) => {
  switch (order.kind) {
    case 'begin': {
      const begun = attacks[order.plan.name](order.plan)
      const duty = new Duty(order.plan.share)
      attack = begun
      timer = setInterval(() => strike(begun, duty), tickMs)
      answer({ kind: 'begun' })
      return
    }
    case 'count': {
      const { user, system } = process.cpuUsage()
      answer({ kind: 'count', counts: attack?.counts() ?? {}, cpuSeconds: (user + system) / 1e6 })
      return
    }
    case 'end':
      clearInterval(timer)
      attack?.end()
      answer({ kind: 'ended' })
      process.disconnect()
      return
  }
})
process.on('uncaughtException', error => {
  answer({ kind: 'failed', message: String(error.stack) })
  process.exit(1)
})

function strike(begun: Attack, duty: Duty): void {
  // One blow beyond the tick's time would starve the answers that are waiting.
  for (let rounds = 0; rounds < 20 && duty.allowed(); rounds += 1)
    for (let blow = 0; blow < blowsAtOnce; blow += 1) if (!begun.act()) return
}

function answer(message: AttackAnswer): void {
  process.send?.(message)
}
