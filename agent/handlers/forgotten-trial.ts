// A trial that the journal knows nothing of: the journal was lost while an image was on trial. Back to what is known to be
// good, rather than committing what nobody remembers having accepted.
import { type AgentMemory, jobOf } from '../core/memory.ts'
import type { AgentPorts, SlotStatus } from '../ports.ts'

/** True when the image that runs was given up: the device has to restart. Throws what the slots throw. */
export async function gaveUpForgottenTrial(
  { slots, log }: Pick<AgentPorts, 'slots' | 'log'>,
  statuses: ReadonlyMap<string, SlotStatus>,
  memory: AgentMemory,
): Promise<boolean> {
  let restartNeeded = false
  for (const [component, { trial, running }] of statuses) {
    if (trial === undefined || jobOf(memory.state)?.component === component) continue
    log.error({ event: 'trial-forgotten', component, version: trial.version }, 'rolling back')
    await slots.rollBack(component, trial, 'forgotten')
    restartNeeded ||= running === trial.slot
  }
  return restartNeeded
}
