// drover-agent doctor: looks at everything an agent of this configuration needs, and says what to do about each thing that
// is wrong. Changes nothing, and reads the slot records and images while an agent runs, too. A line is one check.
//
//   config ─▶ data folder, room, clock ─▶ trust ─▶ components ─▶ programs ─▶ another agent ─▶ certificates ─▶ broker (--connect)
import { type AgentConfig, ConfigError, readConfig } from '../settings/config.ts'
import { checkBroker } from './doctor-broker.ts'
import { checkComponents } from './doctor-components.ts'
import { checkAgent, checkClock, checkDataFolder, checkPrograms, checkSpace } from './doctor-device.ts'
import { checkCertificates } from './doctor-tls.ts'
import { checkTrust } from './doctor-trust.ts'
import { jsonText } from './print.ts'
import type { VerbAnswer, VerbRequest } from './verbs.ts'

/** `warn`: the agent copes, a person should know. `fail`: something will not work. */
export interface Finding {
  readonly check: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly text: string
  /** What to do; there with every warning and failure. */
  readonly remedy?: string
}

/** What a check may use. */
export interface Examination {
  readonly config: AgentConfig
  readonly request: VerbRequest
}

export type Check = (examination: Examination) => Promise<readonly Finding[]>

const checks: readonly Check[] = [
  checkDataFolder,
  checkSpace,
  checkClock,
  checkTrust,
  checkComponents,
  checkPrograms,
  checkAgent,
  checkCertificates,
  checkBroker,
]

/** Exit code 0 without a failure, 1 with one. */
export async function doctor(request: VerbRequest): Promise<VerbAnswer> {
  const findings = await examined(request)
  const failed = findings.some(({ level }) => level === 'fail')
  if (request.json)
    return { text: jsonText({ object: 'agent-doctor', ok: !failed, findings }), exitCode: failed ? 1 : 0 }
  const lines = findings.flatMap(({ check, level, text, remedy }) => [
    `${level.padEnd(4)}  ${check.padEnd(12)}  ${text}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(20)}→ ${remedy}`]),
  ])
  const count = (wanted: Finding['level']): number => findings.filter(({ level }) => level === wanted).length
  lines.push('', `${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failures`)
  return { text: `${lines.join('\n')}\n`, exitCode: failed ? 1 : 0 }
}

async function examined(request: VerbRequest): Promise<readonly Finding[]> {
  let config: AgentConfig
  try {
    config = await readConfig(request.file)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(text => ({
      check: 'config',
      level: 'fail',
      text,
      remedy: `mend ${request.file}; drover-agent --help tells what it holds`,
    }))
  }
  const findings: Finding[] = [{ check: 'config', level: 'ok', text: request.file }]
  for (const check of checks) {
    try {
      findings.push(...(await check({ config, request })))
    } catch (error) {
      findings.push(unforeseen(check.name, error))
    }
  }
  return findings
}

/** A check that cannot be made is a failure by itself. */
function unforeseen(name: string, error: unknown): Finding {
  const check = name.replace(/^check/, '').toLowerCase()
  return { check, level: 'fail', text: String(error), remedy: 'look at what the system says, and at the disk' }
}
