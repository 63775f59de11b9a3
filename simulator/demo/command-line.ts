// What the operator of the demo does: every step is a command of the `drover` CLI in a process of its own, its answer
// read from the lines of JSON it prints.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { DeviceView, EnrollAnswer, EventView, ExecutionView, OperationView, ReleaseView } from '../../proto/http-api.ts'
import { DemoFailed } from './failure.ts'
import { demoClassId, demoComponent, demoVendorId } from './scenario.ts'

export interface CommandLineSettings {
  readonly node: string
  /** The compiled main of the CLI. */
  readonly program: string
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** Ends the command under way; its reason is thrown. */
  readonly signal: AbortSignal
}

const complaintCharactersMax = 2000
/** More than the demo has of anything. */
const allOfThem = ['--limit', '1000']

/** Every call throws DemoFailed with what the command said on standard error. */
export class CommandLine {
  readonly #settings: CommandLineSettings

  constructor(settings: CommandLineSettings) {
    this.#settings = settings
  }

  /** root.pem, release.pem and trust.bin. */
  async createKeys(folder: string): Promise<void> {
    await this.#run(['keys', 'create', '--out', folder])
  }

  async createArtifact(artifact: {
    readonly image: string
    readonly version: string
    readonly key: string
    readonly out: string
  }): Promise<void> {
    const { image, version, key, out } = artifact
    const identity = ['--vendor-id', demoVendorId, '--class-id', demoClassId]
    const what = ['--component', demoComponent, '--version', version]
    await this.#run(['artifact', 'create', ...identity, ...what, '--image', image, '--key', key, '--out', out])
  }

  async upload(bundle: string): Promise<ReleaseView> {
    return this.#one(ReleaseView, ['artifact', 'upload', bundle])
  }

  /** MQTT password by device. */
  async enroll(devices: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const answers = await this.#many(EnrollAnswer, ['devices', 'enroll', ...devices])
    return new Map(answers.map(({ device, secret }) => [device, secret]))
  }

  async devices(): Promise<readonly DeviceView[]> {
    return this.#many(DeviceView, ['devices', 'list', ...allOfThem])
  }

  async createOperation(release: string, concurrency: number): Promise<OperationView> {
    const policy = ['--concurrency', String(concurrency)]
    return this.#one(OperationView, ['operation', 'create', '--release', release, '--all', ...policy])
  }

  async operation(id: string): Promise<OperationView> {
    return this.#one(OperationView, ['operation', 'show', id])
  }

  /** One process that follows the operation to its end and tells each change. */
  async watch(id: string, onChange: (operation: OperationView) => void): Promise<void> {
    const args = ['operation', 'watch', id]
    // It ends with 1 when devices ended with errors, and some of ours are meant to.
    await this.#run(args, line => onChange(this.#answer(OperationView, args, line)), [0, 1])
  }

  async executions(id: string): Promise<readonly ExecutionView[]> {
    return this.#many(ExecutionView, ['operation', 'executions', id, ...allOfThem])
  }

  async events(operation: string): Promise<readonly EventView[]> {
    return this.#many(EventView, ['events', 'list', '--operation', operation, ...allOfThem])
  }

  async #one<T extends TSchema>(schema: T, args: readonly string[]): Promise<Static<T>> {
    const [answer, ...more] = await this.#many(schema, args)
    if (answer === undefined || more.length > 0)
      throw new DemoFailed(`drover ${args.slice(0, 2).join(' ')}: expected one answer, got ${more.length + 1}`)
    return answer
  }

  async #many<T extends TSchema>(schema: T, args: readonly string[]): Promise<readonly Static<T>[]> {
    const answers: Static<T>[] = []
    await this.#run(args, line => answers.push(this.#answer(schema, args, line)))
    return answers
  }

  #answer<T extends TSchema>(schema: T, args: readonly string[], line: string): Static<T> {
    const answer: unknown = parsed(line)
    if (Check(schema, answer)) return answer as Static<T>
    throw new DemoFailed(`drover ${args.slice(0, 2).join(' ')}: an answer of another kind: ${line.slice(0, 500)}`)
  }

  /** Resolves when the process has ended with one of `codes` and all its lines were taken. */
  async #run(
    args: readonly string[],
    onLine: (line: string) => void = () => {},
    codes: readonly number[] = [0],
  ): Promise<void> {
    const { node, program, folder, environment, signal } = this.#settings
    signal.throwIfAborted()
    const child = spawn(node, [program, ...args, '--json'], {
      cwd: folder,
      env: environment,
      signal,
      // Ctrl-C reaches the demo alone, which then ends this one.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (bytes: Buffer) => {
      complaint = (complaint + bytes.toString()).slice(0, complaintCharactersMax)
    })
    let failure: unknown
    // A line that cannot be used ends the run, but not before the process has ended.
    createInterface({ input: child.stdout }).on('line', line => {
      try {
        if (failure === undefined) onLine(line)
      } catch (error) {
        failure = error
      }
    })
    const how = await new Promise<string | number>(resolve => {
      child.once('error', error => {
        if (child.pid === undefined) resolve(error.message)
      })
      child.once('close', (code, ended) => resolve(code ?? ended ?? 'unknown'))
    })
    signal.throwIfAborted()
    if (failure !== undefined) throw failure
    if (typeof how === 'string' || !codes.includes(how))
      throw new DemoFailed(`drover ${args.join(' ')}: ended with ${how}: ${complaint.trim()}`)
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
