// What commands act on, in memory: a configuration and a folder of programs, both behind the power switch of their device.
import type { Configuration, ConfigurationVerdict, ProgramEnd, Programs } from '../../../agent/ports.ts'

export class FakeConfiguration {
  content: Buffer | undefined
  previous: Buffer | undefined
  verdict: ConfigurationVerdict = { accepted: true }
  checks = 0
  replaced = 0
  secrets: readonly string[] = []
  /** Told of each replacement once it is durable. */
  onDurable: (what: string) => void = () => {}
  /** Thrown by the next call of this name. */
  readonly faults = new Map<'read' | 'replace', Error>()

  constructor(content: string | undefined) {
    this.content = content === undefined ? undefined : Buffer.from(content)
  }

  get text(): string {
    return String(this.content)
  }

  port(alive: () => boolean): Configuration {
    return {
      secrets: this.secrets,
      read: async () => {
        await whileAlive(alive)
        this.#fail('read')
        return this.content === undefined ? undefined : { version: 'v1', content: this.content }
      },
      check: async () => {
        await whileAlive(alive)
        this.checks += 1
        return this.verdict
      },
      replace: async content => {
        await whileAlive(alive)
        this.#fail('replace')
        this.previous = this.content
        this.content = Buffer.from(content)
        this.replaced += 1
        this.onDurable('configuration')
        await whileAlive(alive)
      },
    }
  }

  #fail(what: 'read' | 'replace'): void {
    const error = this.faults.get(what)
    this.faults.delete(what)
    if (error !== undefined) throw error
  }
}

export class FakePrograms {
  readonly runs: { name: string; input: string; environment: Readonly<Record<string, string>> }[] = []
  end: ProgramEnd = { exitCode: 0, problem: undefined, output: Buffer.from('fine\n'), outputCut: false }
  /** Told when a run began. */
  onDurable: (what: string) => void = () => {}
  /** Waited for before a run ends. */
  during: () => Promise<void> = async () => {}

  port(alive: () => boolean): Programs {
    return {
      has: async name => name === 'measure',
      run: async (name, input, environment) => {
        await whileAlive(alive)
        this.runs.push({ name, input: Buffer.from(input).toString(), environment })
        this.onDurable('program')
        await whileAlive(alive)
        await this.during()
        await whileAlive(alive)
        return this.end
      },
    }
  }
}

/** A process without power does not come back from a call. */
async function whileAlive(alive: () => boolean): Promise<void> {
  if (!alive()) await new Promise<never>(() => {})
}
