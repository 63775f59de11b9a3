// drover-agent history: how the last operations ended on this device, and what it told the broker, with times by its clock.
import type { AgentConfig } from '../settings/config.ts'
import { type AgentHistory, historyPath, type PastHappening, readHistory } from '../status.ts'
import { jsonText, timeText } from './print.ts'
import { resultText } from './status.ts'
import type { VerbAnswer, VerbRequest } from './verbs.ts'

export async function history({ dataDir }: AgentConfig, { json }: VerbRequest): Promise<VerbAnswer> {
  let found: AgentHistory
  try {
    found = await readHistory(dataDir)
  } catch (error) {
    return { text: json ? jsonText({ object: 'error', message: (error as Error).message }) : `${error}\n`, exitCode: 1 }
  }
  const { results, events } = found
  if (json) return { text: jsonText({ object: 'agent-history', results, events }), exitCode: 0 }
  if (results.length + events.length === 0)
    return { text: `nothing has happened yet (${historyPath(dataDir)})\n`, exitCode: 0 }
  const lines = [
    'Operations, oldest first:',
    ...results.map(result => `  ${resultText(result)}`),
    '',
    'Events for the broker, oldest first:',
    ...events.map(event => `  ${eventText(event)}`),
  ]
  return { text: `${lines.join('\n')}\n`, exitCode: 0 }
}

function eventText({ at, operation, attempt, component, what }: PastHappening): string {
  const about = [operation, attempt === undefined ? undefined : `attempt ${attempt}`, component]
  return [timeText(at), what, ...about].filter(part => part !== undefined).join('  ')
}
