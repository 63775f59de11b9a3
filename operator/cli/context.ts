// What a command of the CLI works with: the world main gives it, the options all commands share, and from both a client
// and an output. Flags come before the environment, the environment before defaults.
import { X509Certificate } from 'node:crypto'
import type { Command } from 'commander'
import type { OperatorClient } from '../client.ts'
import { BadInput, badFlag } from '../errors.ts'
import { readSmallFile } from '../files.ts'
import type { Clock, Random } from '../ports.ts'
import { Output, type Screen } from './output.ts'
import { duration } from './values.ts'

export interface CliWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Screen
  readonly stderr: Screen
  readonly clock: Clock
  readonly random: Random
  /** Asks the person at the terminal and resolves to the line typed; absent where nobody sits. */
  readonly ask?: (question: string) => Promise<string>
  /** Aborted when the person presses Ctrl-C. */
  readonly signal: AbortSignal
}

export interface CommonOptions {
  readonly url?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly ca?: string
  readonly json?: boolean
  readonly timeout?: number
}

const urlDefault = 'http://127.0.0.1:8080'
const timeoutDefaultMs = 30_000
const tokenBytesMax = 4096
const caBytesMax = 256 * 1024

/** Options that stand on the program and on every command, so that they may be written in both places. */
export function addCommonOptions(command: Command): Command {
  return command
    .option('--url <url>', `address of the broker (env DROVER_URL; default ${urlDefault})`)
    .option('--token <token>', 'access token; others on this machine can see it: prefer a file (env DROVER_TOKEN)')
    .option('--token-file <file>', 'file that holds the access token (env DROVER_TOKEN_FILE)')
    .option('--ca <file>', "PEM: authority of an https: broker's certificate (env DROVER_CA; default Node's own)")
    .option('--json', 'one JSON object a line, errors included')
    .option(
      '--timeout <time>',
      'longest wait for an answer, like 500ms, 30s or 2m (default 30s)',
      duration(1, 3_600_000),
    )
}

export class CliContext {
  readonly world: CliWorld
  readonly out: Output
  readonly #common: CommonOptions
  #tokenFrom: string | undefined

  constructor(world: CliWorld, common: CommonOptions) {
    this.world = world
    this.#common = common
    const color = world.stdout.isTTY === true && !world.env.NO_COLOR && common.json !== true
    this.out = new Output(world.stdout, world.stderr, { json: common.json === true, color })
  }

  /** The flag or variable the token was taken from, once there is a client. */
  get tokenFrom(): string | undefined {
    return this.#tokenFrom
  }

  /** Throws BadInput when address or token are missing or cannot be used. */
  async client(): Promise<OperatorClient> {
    const { clock, signal } = this.world
    const timeoutMs = this.#common.timeout ?? timeoutDefaultMs
    const url = this.#url()
    const token = await this.#token()
    const ca = await this.#ca(url)
    // The schemas of the answers take longer to load than all else: commands without a broker do without them.
    const { OperatorClient } = await import('../client.ts')
    return new OperatorClient({ url, token, timeoutMs, clock, signal, ...(ca === undefined ? {} : { ca }) })
  }

  #url(): URL {
    const { env } = this.world
    const [flag, text] = this.#common.url ? ['--url', this.#common.url] : ['DROVER_URL', env.DROVER_URL || urlDefault]
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !['http:', 'https:'].includes(url.protocol))
      throw badFlag(flag, `expected an address like ${urlDefault}, got ${JSON.stringify(text)}`)
    if (url.username !== '' || url.search !== '' || url.hash !== '')
      throw badFlag(flag, 'expected only scheme, host, port and path; the token goes into --token-file')
    return url
  }

  async #ca(url: URL): Promise<string | undefined> {
    const { ca } = this.#common
    const [flag, file] = ca === undefined ? ['DROVER_CA', this.world.env.DROVER_CA] : ['--ca', ca]
    if (!file) return undefined
    if (url.protocol !== 'https:') throw badFlag(flag, `expected an https: address beside it, got ${url.origin}`)
    const text = (await readSmallFile(file, flag, caBytesMax)).toString()
    try {
      new X509Certificate(text)
    } catch (cause) {
      throw badFlag(flag, `${file} holds no certificate in PEM form`, cause)
    }
    return text
  }

  async #token(): Promise<string> {
    const { env } = this.world
    const { token, tokenFile } = this.#common
    if (token !== undefined && tokenFile !== undefined) throw badFlag('--token', 'give either it or --token-file')
    const source =
      token !== undefined
        ? { flag: '--token', text: token }
        : tokenFile !== undefined
          ? await fromFile('--token-file', tokenFile)
          : env.DROVER_TOKEN
            ? { flag: 'DROVER_TOKEN', text: env.DROVER_TOKEN }
            : env.DROVER_TOKEN_FILE
              ? await fromFile('DROVER_TOKEN_FILE', env.DROVER_TOKEN_FILE)
              : undefined
    if (source === undefined)
      throw new BadInput(
        'NO_TOKEN',
        'no access token: give --token-file FILE, or set DROVER_TOKEN_FILE or DROVER_TOKEN',
        { fields: [{ name: '--token-file', message: 'no access token' }] },
      )
    this.#tokenFrom = source.flag
    const text = source.text.trim()
    // Never quoted back: what is wrong with a token may still be most of a token.
    if (!/^[\x21-\x7e]{1,1024}$/.test(text)) throw badFlag(source.flag, 'holds no token (printable ASCII, no blanks)')
    return text
  }
}

async function fromFile(flag: string, path: string): Promise<{ readonly flag: string; readonly text: string }> {
  return { flag, text: (await readSmallFile(path, flag, tokenBytesMax)).toString() }
}
