// drover-agent status: what the agent of this device is about, as it says in its status file, and whether it still runs.
import { systemBootId } from '../adapters/system-reboot.ts'
import { endOf } from '../process-facts.ts'
import type { AgentConfig } from '../settings/config.ts'
import { type AgentStatus, type PastHappening, readStatus, statusPath } from '../status.ts'
import { jsonText, rows, since, sizeText, timeText } from './print.ts'
import type { VerbAnswer, VerbRequest } from './verbs.ts'

/** Exit code 0 while it runs, 1 when it does not, or nobody knows. */
export async function status({ dataDir }: AgentConfig, { json, clock }: VerbRequest): Promise<VerbAnswer> {
  let found: AgentStatus | undefined
  try {
    found = await readStatus(dataDir)
  } catch (error) {
    return absent(json, (error as Error).message)
  }
  if (found === undefined) return absent(json, `no agent has written ${statusPath(dataDir)} yet`)
  const end = await endOf(found, await systemBootId())
  const exitCode = end === undefined ? 0 : 1
  if (json) {
    const stale = end === undefined ? {} : { stale: end }
    return { text: jsonText({ object: 'agent-status', running: end === undefined, ...stale, ...found }), exitCode }
  }
  const now = clock.wallMs()
  const { job, link, memory } = found
  return {
    exitCode,
    text: rows([
      ['device', `${found.device}, agent ${found.agentVersion}`],
      end === undefined
        ? ['running', `process ${found.pid} since ${since(found.startedAt, now)}`]
        : ['NOT RUNNING', `${end}; what follows was true at ${timeText(found.writtenAt)}`],
      ['state', `${found.step} since ${since(found.stepSince, now)}`],
      ...(job === undefined ? [] : [['operation', jobText(job)] as const]),
      ...(found.waitingFor === undefined
        ? []
        : [
            [
              'waiting',
              `for authorization (${found.waitingFor}) since ${since(found.waitingSince ?? Number.NaN, now)}`,
            ] as const,
          ]),
      ['link', linkText(link, found, now)],
      ['outbox', `${found.outboxCount} ${found.outboxCount === 1 ? 'event' : 'events'} not acknowledged`],
      ...found.components.map(
        ({ name, version, digest }) => [`component ${name}`, `${version}  ${digest.slice(0, 16)}…`] as const,
      ),
      ...[...found.lastResults].reverse().map(result => ['result', resultText(result)] as const),
      ['memory', `${sizeText(memory.rssBytes)} resident, ${sizeText(memory.heapBytes)} heap`],
    ]),
  }
}

/** One line on how an operation ended. */
export function resultText({ at, operation, component, what, data }: PastHappening): string {
  const outcome = what === 'hello' ? 'installed, told by the hello' : what
  const facts = Object.entries(data).map(([name, value]) => `${name}=${value.replace(/\s+/g, ' ').slice(0, 80)}`)
  return [timeText(at), operation, component, outcome, ...facts].filter(part => part !== undefined).join('  ')
}

function absent(json: boolean, reason: string): VerbAnswer {
  const text = json ? jsonText({ object: 'agent-status', running: false, stale: reason }) : `NOT RUNNING  ${reason}\n`
  return { text, exitCode: 1 }
}

function jobText({ operation, attempt, operationType, component, version }: NonNullable<AgentStatus['job']>): string {
  const target = component === undefined ? '' : `, ${component} ${version ?? ''}`
  return `${operation}, attempt ${attempt}, ${operationType}${target}`
}

function linkText(link: AgentStatus['link'], { broker, linkSince }: AgentStatus, now: number): string {
  if (link.connected) return `connected to ${broker} since ${since(linkSince, now)}`
  const why = link.reason === undefined ? '' : `: ${link.reason}`
  return `not connected to ${broker} since ${since(linkSince, now)}${why}`
}
