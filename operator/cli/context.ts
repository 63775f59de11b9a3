// What a command of the CLI works with: the world main gives it, the options all commands share, and from both a client
// and an output. Flags come before the environment, the environment before the configuration file, the file before defaults.
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { OperatorClient } from '../client.ts'
import { BadInput, badFlag } from '../errors.ts'
import { readSmallFile } from '../files.ts'
import type { Clock, Random } from '../ports.ts'
import { type Config, readConfig, type Settings } from './config-file.ts'
import { Output, type Screen } from './output.ts'
import { duration, identity } from './values.ts'

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

export const urlDefault = 'http://127.0.0.1:8080'
export const commonHeading = 'Common options:'
const timeoutDefaultMs = 30_000
const tokenBytesMax = 4096
const caBytesMax = 256 * 1024

/** Options that stand on the program and on every command, so that they may be written in both places. */
export function addCommonOptions(command: Command): Command {
  const options = [
    new Option('--url <url>', `address of the broker (env DROVER_URL; default ${urlDefault})`),
    new Option('--token <token>', 'access token; others on this machine can see it: prefer a file (env DROVER_TOKEN)'),
    new Option('--token-file <file>', 'file that holds the access token (env DROVER_TOKEN_FILE)'),
    new Option('--ca <file>', "PEM: authority of an https: broker's certificate (env DROVER_CA; default Node's own)"),
    new Option('--json', 'one JSON object a line, errors included'),
    new Option('--timeout <time>', 'longest wait for an answer, like 500ms, 30s or 2m (default 30s)').argParser(
      duration(1, 3_600_000),
    ),
  ]
  for (const option of options) command.addOption(option.helpGroup(commonHeading))
  return command
}

/** A value and what it was said by: a flag, a variable, or a field of the configuration file. */
interface Said {
  readonly text: string
  readonly by: string
}

export class CliContext {
  readonly world: CliWorld
  readonly out: Output
  readonly #common: CommonOptions
  #config: Promise<Config> | undefined
  #tokenFrom: string | undefined
  #addressFrom: string | undefined

  constructor(world: CliWorld, common: CommonOptions) {
    this.world = world
    this.#common = common
    this.out = new Output(world.stdout, world.stderr, { json: common.json === true, color: colorful(world, common) })
  }

  /** What was said by flags. */
  get common(): CommonOptions {
    return this.#common
  }

  /** The flag, variable or file the token was taken from, once there is a client. */
  get tokenFrom(): string | undefined {
    return this.#tokenFrom
  }

  /** Address of the broker and what said so, once there is a client. */
  get addressFrom(): string | undefined {
    return this.#addressFrom
  }

  /** What drover init has written down, read once. Throws BadInput. */
  config(): Promise<Config> {
    this.#config ??= readConfig(this.world.env).then(config => {
      for (const warning of config.warnings) this.out.hint(warning)
      return config
    })
    return this.#config
  }

  /** Throws BadInput when address or token are missing or cannot be used. */
  async client(): Promise<OperatorClient> {
    const { clock, signal } = this.world
    const timeoutMs = this.#common.timeout ?? timeoutDefaultMs
    const url = await this.#url()
    const token = await this.#token(url)
    const ca = await this.#ca(url)
    // The schemas of the answers take longer to load than all else: commands without a broker do without them.
    const { OperatorClient } = await import('../client.ts')
    return new OperatorClient({ url, token, timeoutMs, clock, signal, ...(ca === undefined ? {} : { ca }) })
  }

  /** Where somebody who signs was named, that; else release.pem of the folder of keys, if there is one. */
  async withReleaseKey<T extends { readonly key?: readonly string[]; readonly signer?: readonly string[] }>(
    named: T,
  ): Promise<T> {
    if (named.key !== undefined || named.signer !== undefined) return named
    const folder = await this.#said(undefined, 'DROVER_KEYS', 'keys')
    return folder === undefined ? named : { ...named, key: [join(folder.text, 'release.pem')] }
  }

  /** 32 hex digits, as the flag gave them, or the environment, or the configuration. Throws BadInput. */
  async identity(flag: '--vendor-id' | '--class-id', given: string | undefined): Promise<string> {
    const [variable, field] =
      flag === '--vendor-id' ? (['DROVER_VENDOR_ID', 'vendorId'] as const) : (['DROVER_CLASS_ID', 'classId'] as const)
    const said = await this.#said(given === undefined ? undefined : { text: given, by: flag }, variable, field)
    if (said === undefined)
      throw badFlag(flag, 'expected 32 hex digits or a UUID; drover init writes it down once for all')
    try {
      return identity(said.text)
    } catch (cause) {
      throw badFlag(said.by, (cause as Error).message, cause)
    }
  }

  async #said(flag: Said | undefined, variable: string, field: keyof Settings): Promise<Said | undefined> {
    if (flag !== undefined) return flag
    const fromEnvironment = this.world.env[variable]
    if (fromEnvironment) return { text: fromEnvironment, by: variable }
    const { settings, path } = await this.config()
    const text = settings[field]
    return text === undefined ? undefined : { text, by: `${field} in ${path}` }
  }

  async #url(): Promise<URL> {
    const { url: given } = this.#common
    const said = await this.#said(given ? { text: given, by: '--url' } : undefined, 'DROVER_URL', 'url')
    const { text, by } = said ?? { text: urlDefault, by: 'the default' }
    const url = addressOf(text, by)
    this.#addressFrom = `${url.origin} (${by})`
    return url
  }

  async #ca(url: URL): Promise<string | undefined> {
    const { ca } = this.#common
    const said = await this.#said(ca === undefined ? undefined : { text: ca, by: '--ca' }, 'DROVER_CA', 'ca')
    if (said === undefined) return undefined
    const { text: file, by } = said
    if (url.protocol !== 'https:') throw badFlag(by, `expected an https: address beside it, got ${url.origin}`)
    const text = (await readSmallFile(file, by, caBytesMax)).toString()
    try {
      new X509Certificate(text)
    } catch (cause) {
      throw badFlag(by, `${file} holds no certificate in PEM form`, cause)
    }
    return text
  }

  async #token(url: URL): Promise<string> {
    const { text, by } = await this.#tokenText(url)
    this.#tokenFrom = by
    return tokenOf(text, by)
  }

  async #tokenText({ origin }: URL): Promise<Said> {
    const { env } = this.world
    const { token, tokenFile } = this.#common
    if (token !== undefined && tokenFile !== undefined) throw badFlag('--token', 'give either it or --token-file')
    if (token !== undefined) return { text: token, by: '--token' }
    if (tokenFile !== undefined) return fromFile('--token-file', tokenFile)
    if (env.DROVER_TOKEN) return { text: env.DROVER_TOKEN, by: 'DROVER_TOKEN' }
    if (env.DROVER_TOKEN_FILE) return fromFile('DROVER_TOKEN_FILE', env.DROVER_TOKEN_FILE)
    const { settings, path } = await this.config()
    if (settings.tokenFile === undefined)
      throw new BadInput(
        'NO_TOKEN',
        'no access token: give --token-file FILE, set DROVER_TOKEN_FILE or DROVER_TOKEN, or type drover init once',
        { fields: [{ name: '--token-file', message: 'no access token' }] },
      )
    // It was written down for one broker, and is shown to no other.
    const own = new URL(settings.url ?? urlDefault).origin
    if (own !== origin)
      throw new BadInput('NO_TOKEN', `no access token for ${origin}: the one in ${path} is for ${own}`, {
        fields: [{ name: '--token-file', message: `expected one for ${origin}` }],
      })
    return fromFile(`tokenFile in ${path}`, settings.tokenFile)
  }
}

/** Of a broker. Throws BadInput naming `flag`. */
export function addressOf(text: string, flag: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw badFlag(flag, `expected an address like ${urlDefault}, got ${JSON.stringify(text)}`)
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw badFlag(flag, 'expected only scheme, host, port and path; the token goes into --token-file')
  return url
}

/** Without what stands around it. Never quoted back: what is wrong with a token may still be most of a token. */
export function tokenOf(text: string, flag: string): string {
  const token = text.trim()
  if (!/^[\x21-\x7e]{1,1024}$/.test(token)) throw badFlag(flag, 'holds no token (printable ASCII, no blanks)')
  return token
}

/** NO_COLOR stands above FORCE_COLOR, and that above what the screen is (https://no-color.org). */
function colorful({ env, stdout }: CliWorld, { json }: CommonOptions): boolean {
  if (json === true || env.NO_COLOR) return false
  const forced = env.FORCE_COLOR
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return stdout.isTTY === true && env.TERM !== 'dumb'
}

async function fromFile(by: string, path: string): Promise<Said> {
  return { by, text: (await readSmallFile(path, by, tokenBytesMax)).toString() }
}
