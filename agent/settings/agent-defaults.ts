// What a configuration file that says nothing gives an agent, for hosts that have no such file.
import type { AgentSettings } from '../agent.ts'
import { settings } from './settings.ts'

const defaultOf = (name: keyof typeof settings): number => settings[name].absent?.value as number

export const agentDefaults: Pick<
  AgentSettings,
  | 'packetBytesMax'
  | 'windowBytes'
  | 'memoryBudgetBytes'
  | 'chunkRetriesMax'
  | 'refetchMax'
  | 'chunkTimeoutMs'
  | 'downloadLimitMs'
  | 'startsMax'
> = {
  packetBytesMax: defaultOf('packetBytesMax'),
  windowBytes: defaultOf('windowBytes'),
  memoryBudgetBytes: defaultOf('memoryBudgetBytes'),
  chunkRetriesMax: defaultOf('chunkRetriesMax'),
  refetchMax: defaultOf('refetchMax'),
  chunkTimeoutMs: defaultOf('chunkTimeoutMs'),
  downloadLimitMs: defaultOf('downloadLimitMs'),
  startsMax: defaultOf('watchdog.startsMax'),
}

/** From 0 to the base, then doubled up to the cap, and drawn. Milliseconds. */
export const reconnectDefaults = { baseMs: defaultOf('reconnect.baseMs'), capMs: defaultOf('reconnect.capMs') }
