// The real device agent beside the real broker, with a configuration and a folder of commands, for stories of the desk.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bareNode } from '../../fixtures/cases.ts'
import { agentBin } from '../../stories/process.ts'

export interface AgentWishes {
  readonly id: string
  readonly password: string
  readonly mqttPort: number
  readonly trustFile: string
  readonly vendorId: string
  readonly classId: string
  /** File. */
  readonly configuration: string
  /** Name to shell script. */
  readonly commands: Readonly<Record<string, string>>
}

/** Resolves at once; the result stops it. */
export function startAgent(folder: string, wishes: AgentWishes): () => Promise<void> {
  const { id, password, mqttPort, trustFile, vendorId, classId, configuration, commands } = wishes
  const path = (name: string): string => join(folder, `${id}-${name}`)
  mkdirSync(path('commands'))
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(join(path('commands'), name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(path('commands'), name), 0o755)
  }
  writeFileSync(path('image'), '#!/bin/sh\nexec "$DROVER_NODE" "$DROVER_AGENT"\n')
  const settings = {
    deviceId: id,
    url: `mqtt://127.0.0.1:${mqttPort}`,
    password,
    vendorId,
    classId,
    dataDir: path('data'),
    trustFile,
    components: [{ name: 'main', version: '1.0.0', image: path('image'), reboot: true }],
    reconnect: { baseMs: 100, capMs: 1000 },
    configuration: { file: configuration },
    commands: { folder: path('commands') },
  }
  writeFileSync(path('agent.json'), JSON.stringify(settings))
  const [command, parameters] = bareNode([agentBin, '--config', path('agent.json')])
  const agent = spawn(command, parameters, { stdio: 'ignore' })
  const ended = new Promise<void>(resolve => agent.once('exit', () => resolve()))
  return async () => {
    agent.kill('SIGTERM')
    await ended
  }
}
