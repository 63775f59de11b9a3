// An agent as it is installed: its folder, boot and the image as processes, its log. Ended by its own pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testClassId, testVendorId } from '../fixtures/bundle.ts'
import { bareNode } from '../fixtures/cases.ts'
import { agentBin } from './process.ts'

/** A program that says that it boots and ends by becoming the agent; `filler` makes it an image of some chunks. */
export function storyImage(version: string): Buffer {
  const program = `#!/bin/sh\necho "boots with ${version}"\nexec "$DROVER_NODE" "$DROVER_AGENT"\n`
  return Buffer.concat([Buffer.from(program), Buffer.alloc(50_000, version)])
}

export interface StoryAgentWishes {
  readonly id: string
  readonly secret: string
  readonly mqttPort: number
  readonly trustFile: string
  /** Settings of agent.json besides; paths are meant from the agent's folder. */
  readonly settings?: object
  /** Content of the configuration file `config.json`. */
  readonly configuration?: string
  /** Programs by name, in the folder `commands`. */
  readonly commands?: Readonly<Record<string, string>>
}

export class StoryAgent {
  readonly folder: string
  readonly #boot: ChildProcess
  readonly #ended: Promise<void>

  private constructor(folder: string, boot: ChildProcess) {
    this.folder = folder
    this.#boot = boot
    this.#ended = new Promise(resolve => boot.once('exit', () => resolve()))
  }

  /** Makes `folder` and starts boot in it. */
  static async start(folder: string, wishes: StoryAgentWishes): Promise<StoryAgent> {
    const { id, secret, mqttPort, trustFile, settings = {}, configuration, commands = {} } = wishes
    const path = (...names: string[]): string => join(folder, ...names)
    await mkdir(path('commands'), { recursive: true })
    await writeFile(path('image'), storyImage('1.0.0'))
    if (configuration !== undefined) await writeFile(path('config.json'), configuration)
    for (const [name, program] of Object.entries(commands)) {
      await writeFile(path('commands', name), program)
      await chmod(path('commands', name), 0o755)
    }
    const file = {
      deviceId: id,
      url: `mqtt://127.0.0.1:${mqttPort}`,
      password: secret,
      vendorId: testVendorId,
      classId: testClassId,
      dataDir: 'data',
      trustFile,
      components: [{ name: 'main', version: '1.0.0', image: 'image', reboot: true }],
      reconnect: { baseMs: 100, capMs: 500 },
      ...settings,
    }
    await writeFile(path('agent.json'), JSON.stringify(file))
    const log = openSync(path('log'), 'a')
    const [command, parameters] = bareNode([agentBin, '--config', path('agent.json')])
    return new StoryAgent(folder, spawn(command, parameters, { stdio: ['ignore', log, log] }))
  }

  /** How often its image was started. */
  async boots(): Promise<number> {
    return (await this.log()).split('\n').filter(line => line.startsWith('boots with ')).length
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'log'), 'utf8')
  }

  configuration(): Promise<Buffer> {
    return readFile(join(this.folder, 'config.json'))
  }

  /** Boot is killed; the image and the agent notice and end in order. */
  async kill(): Promise<void> {
    this.#boot.kill('SIGKILL')
    await this.#ended
  }

  /** In order, with its image. */
  async stop(): Promise<void> {
    this.#boot.kill('SIGTERM')
    await this.#ended
  }
}
