// Small parts of a virtual sensor: who it is for its agent, its clock, its log.
import type { AgentSettings } from '../../../agent/agent.ts'
import type { Clock, Log } from '../../../agent/ports.ts'
import { agentDefaults } from '../../../agent/settings/agent-defaults.ts'
import type { DeviceId } from '../../../proto/ids.ts'
import type { DeviceProfile } from '../plan.ts'

export const sensorAgentVersion = 'virtual-sensor'

/** The window leaves most of a small budget to what else an update needs. */
const windowShare = 8
const windowBytesLeast = 16 * 1024

export function agentSettings(
  deviceId: DeviceId,
  { vendorId, classId, memoryBudgetBytes }: DeviceProfile,
  trust: Uint8Array | undefined,
  changes: Partial<AgentSettings> = {},
): AgentSettings {
  const windowBytes = Math.max(windowBytesLeast, Math.floor(memoryBudgetBytes / windowShare))
  return {
    ...agentDefaults,
    ...{ deviceId, vendorId, classId, trust, memoryBudgetBytes, agentVersion: sensorAgentVersion },
    windowBytes: Math.min(agentDefaults.windowBytes, windowBytes),
    ...changes,
  }
}

/** `aheadMs`: how wrong it goes; undefined: it is right. */
export function sensorClock(clock: Clock, aheadMs: number | undefined): Clock {
  if (aheadMs === undefined) return clock
  return {
    wallMs: () => clock.wallMs() + aheadMs,
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, run) => clock.after(delayMs, run),
  }
}

/** Each line says whose it is. */
export class SensorLog implements Log {
  readonly #log: Log
  readonly #device: DeviceId

  constructor(log: Log, device: DeviceId) {
    this.#log = log
    this.#device = device
  }

  debug(facts: Readonly<Record<string, unknown>>, text: string): void {
    this.#log.debug({ device: this.#device, ...facts }, text)
  }

  info(facts: Readonly<Record<string, unknown>>, text: string): void {
    this.#log.info({ device: this.#device, ...facts }, text)
  }

  warn(facts: Readonly<Record<string, unknown>>, text: string): void {
    this.#log.warn({ device: this.#device, ...facts }, text)
  }

  error(facts: Readonly<Record<string, unknown>>, text: string): void {
    this.#log.error({ device: this.#device, ...facts }, text)
  }
}
