// What an agent reports in one update: its steps, then the success.
import type { Step } from '../../proto/messages.ts'

export const stepsOfUpdate: readonly Step[] = ['downloading', 'verifying', 'installing', 'rebooting', 'confirming']
export const eventsOfUpdate = stepsOfUpdate.length + 1
