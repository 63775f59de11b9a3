// A trial that the journal knows nothing of: the journal was lost while an image was on trial. Back to what is known to be
// good, rather than committing what nobody remembers having accepted.
import { type AgentMemory, jobOf } from '../core/memory.ts'
import type { AgentPorts, SlotStatus } from '../ports.ts'

/** True when an image that runs was given up: what runs has to start anew. Throws what the installers throw. */
export async function gaveUpForgottenTrial(
  { installers, log }: Pick<AgentPorts, 'installers' | 'log'>,
  statuses: ReadonlyMap<string, SlotStatus>,
  memory: AgentMemory,
): Promise<boolean> {
  const wanted = jobOf(memory.state)?.component
  const parent = installers.find(({ component }) => component === wanted)
  let restartNeeded = false
  for (const installer of installers) {
    const { component, restart } = installer
    const status = statuses.get(component)
    if (status?.trial === undefined || component === wanted || parent?.members.includes(component)) continue
    log.error({ event: 'trial-forgotten', component, version: status.trial.version }, 'rolling back')
    await installer.rollBack(status.trial, 'forgotten')
    restartNeeded ||= restart !== 'none' && status.running === status.trial.slot
  }
  return restartNeeded
}
