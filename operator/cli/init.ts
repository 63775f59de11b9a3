// drover init: everything the other commands would otherwise have to be told, once. It finds what it can (the token that a
// broker on this machine has written, ids and keys that are there), makes what is missing, and writes down where it all is.
// Run again it changes nothing; what is to be replaced is named with --force.
import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { BadInput, badFlag, ServerFailed } from '../errors.ts'
import { exists, readSmallFile, replaceFile } from '../files.ts'
import { createKeyFolder } from '../keys.ts'
import type { Finish } from './command.ts'
import { type Settings, writeConfig } from './config-file.ts'
import { addressOf, CliContext, type CommonOptions, tokenOf, urlDefault } from './context.ts'
import { passphraseOf } from './passphrase.ts'
import { commaList, identity, word } from './values.ts'

const pieces = ['url', 'token', 'ca', 'ids', 'keys'] as const
type Piece = (typeof pieces)[number]
interface InitOptions extends CommonOptions {
  readonly dataDir?: string
  readonly vendorId?: string
  readonly classId?: string
  /** False: `--no-keys`. */
  readonly keys: string | boolean
  /** False: `--no-broker`. */
  readonly broker: boolean
  readonly passphraseFile?: string
  readonly force?: readonly Piece[]
}

const tokenBytesMax = 4096
const trustMs = 3650 * 86_400_000

export function addInitCommand(program: Command, finish: Finish): void {
  const init = program
    .command('init')
    .description('write down broker, token, ids and signing keys, so that no other command has to be told')
    .option('--data-dir <dir>', 'of a broker on this machine: its first token is there (default ./drover-data)')
    .option('--vendor-id <hex>', 'of your devices: 32 hex digits or a UUID (default: a new one)', identity)
    .option('--class-id <hex>', 'of your devices: 32 hex digits or a UUID (default: a new one)', identity)
    .option('--keys <dir>', 'folder of the signing keys; made when there are none (default: beside the configuration)')
    .option('--no-keys', 'no signing keys: this desk starts operations and does not sign')
    .option('--no-broker', 'no broker: this desk signs and does nothing else')
    .option('--passphrase-file <file>', 'encrypt new root and release keys with the first line of this file')
    .option(
      '--force <pieces>',
      `replace what is there: ${pieces.join(', ')}, parted by commas`,
      commaList(word(pieces)),
    )
  finish(init, { run: (context, { options }) => runInit(context, options as unknown as InitOptions) })
}

async function runInit(context: CliContext, given: InitOptions): Promise<void> {
  const options = { ...given, ...context.common }
  const { path, settings: before, found } = await context.config()
  if (path === '') throw badFlag('DROVER_CONFIG', 'there is no home folder: name the file to write')
  const desk = new Desk(context, options, before, dirname(path))
  const broker = options.broker ? await desk.broker() : { settings: {}, state: 'none: this desk signs only' }
  const ids = desk.ids()
  const keys = options.keys === false ? undefined : await desk.keys()
  const settings: Settings = {
    ...before,
    ...broker.settings,
    ...ids,
    ...(keys === undefined ? {} : { keys: keys.folder }),
  }
  const changed = JSON.stringify(settings) !== JSON.stringify(before)
  if (changed) await writeConfig(path, settings)
  const state = changed ? (found ? 'changed' : 'written') : 'unchanged'
  const { out } = context
  const { url, tokenFile, vendorId, classId } = settings
  out.item({ object: 'init', config: path, state, broker: broker.state, ...settings, keysMade: keys?.made ?? false }, [
    ['configuration', `${path}  ${state}`],
    ['broker', [url, broker.state].filter(part => part !== undefined).join('  ')],
    ...(url === undefined ? [] : [['console', `${url}  in a browser, with the same token`] as const]),
    ...(tokenFile === undefined ? [] : [['token', tokenFile] as const]),
    ['vendor id', vendorId ?? null],
    ['class id', classId ?? null],
    ['signing keys', keys === undefined ? 'none' : `${keys.folder}  ${keys.made ? 'made' : 'there already'}`],
  ])
  if (keys !== undefined) {
    const { folder } = keys
    if (keys.made) out.line(`Put ${join(folder, 'root.pem')} into a safe: it says which keys devices trust.`)
    out.line(`Devices get ${join(folder, 'trust.bin')} and the two ids.`)
    out.line(`For reboots and configurations the broker gets --operations-key ${join(folder, 'operations.pem')}`)
  }
  out.line('Next:')
  for (const command of nextCommands(settings, options.broker)) out.line(`  ${command}`)
}

function nextCommands({ keys }: Settings, broker: boolean): readonly string[] {
  const sign = 'drover artifact create --image FILE --component firmware --version 1.0.0 --out firmware-1.0.0.bundle'
  return [
    ...(broker ? ['drover devices enroll sensor-1 --out-dir passwords'] : []),
    ...(keys === undefined ? [] : [sign]),
    ...(broker ? ['drover artifact upload firmware-1.0.0.bundle'] : []),
  ]
}

/** Finds and makes the pieces; each is kept where it is there already, unless it is forced. */
class Desk {
  readonly #context: CliContext
  readonly #options: InitOptions
  readonly #before: Settings
  readonly #folder: string

  constructor(context: CliContext, options: InitOptions, before: Settings, folder: string) {
    this.#context = context
    this.#options = options
    this.#before = before
    this.#folder = folder
  }

  /** Nothing is written but, for a token that was given as text, its file. Throws Refused when the broker refuses the token. */
  async broker(): Promise<{ readonly settings: Settings; readonly state: string }> {
    const { env } = this.#context.world
    const { ca: caGiven = env.DROVER_CA } = this.#options
    const url = this.#keep('url', 'url', '--url', addressText(this.#options.url, '--url'))
    const address = url ?? addressText(env.DROVER_URL, 'DROVER_URL') ?? (await this.#asked()) ?? urlDefault
    const ca = this.#keep('ca', 'ca', '--ca', caGiven === undefined ? undefined : resolve(caGiven))
    const token = await this.#token(new URL(address))
    const state = await this.#tried({ url: address, token: token.text, ...(ca === undefined ? {} : { ca }) })
    const tokenFile = token.file ?? (await this.#writtenToken(token.text))
    return { settings: { url: address, tokenFile, ...(ca === undefined ? {} : { ca }) }, state }
  }

  ids(): Settings {
    const { env } = this.#context.world
    const of = (name: 'vendorId' | 'classId', flag: string, variable: string): string => {
      const text = this.#options[name] ?? env[variable]
      return this.#keep(name, 'ids', flag, text) ?? identity(randomUUID())
    }
    return {
      vendorId: of('vendorId', '--vendor-id', 'DROVER_VENDOR_ID'),
      classId: of('classId', '--class-id', 'DROVER_CLASS_ID'),
    }
  }

  async keys(): Promise<{ readonly folder: string; readonly made: boolean }> {
    const { keys, passphraseFile, force = [] } = this.#options
    const given = typeof keys === 'string' ? keys : this.#context.world.env.DROVER_KEYS
    const kept = this.#keep('keys', 'keys', '--keys', given ? resolve(given) : undefined)
    const folder = kept ?? this.#before.keys ?? join(this.#folder, 'keys')
    // The root key may be in its safe already.
    const needed = ['release.pem', 'operations.pem', 'trust.bin'].map(name => join(folder, name))
    const there = await Promise.all(needed.map(exists))
    if (there.every(Boolean) && !force.includes('keys')) return { folder, made: false }
    if (there.some(Boolean) && !force.includes('keys'))
      throw badFlag(
        '--keys',
        `${needed[there.indexOf(false)]} is missing beside the others; bring it back, or --force keys makes new ones`,
      )
    const { clock } = this.#context.world
    // Never deleted: devices may still trust them.
    if (await exists(folder))
      if (there.some(Boolean)) await rename(folder, `${folder}.before-${new Date(clock.now()).toISOString()}`)
    const passphrase = await passphraseOf(this.#context, passphraseFile)
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
    await createKeyFolder({
      folder,
      algorithm: 'ed25519',
      trustExpiresAt: clock.now() + trustMs,
      ...(passphrase === undefined ? {} : { passphrase }),
    })
    return { folder, made: true }
  }

  /** What is written down already, or what was given. Throws BadInput when these differ and it is not forced. */
  #keep(name: keyof Settings, piece: Piece, flag: string, given: string | undefined): string | undefined {
    const before = this.#before[name]
    const forced = this.#options.force?.includes(piece) === true
    if (forced) return given
    if (before !== undefined && given !== undefined && before !== given)
      throw badFlag(flag, `the configuration says ${before} already; --force ${piece} replaces it`)
    return before ?? given
  }

  async #asked(): Promise<string | undefined> {
    const { ask } = this.#context.world
    if (ask === undefined || this.#context.out.json) return undefined
    const answer = (await ask(`Address of the broker [${urlDefault}]: `)).trim()
    return answer === '' ? undefined : addressText(answer, '--url')
  }

  /** `file`: where it is; absent: it was given as a text. */
  async #token({ hostname, origin }: URL): Promise<{ readonly text: string; readonly file?: string }> {
    const { env } = this.#context.world
    const { token, tokenFile, dataDir } = this.#options
    const text = token ?? (tokenFile === undefined && dataDir === undefined ? env.DROVER_TOKEN : undefined)
    const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
    const inDataDir = dataDir === undefined ? undefined : join(dataDir, 'admin-token')
    const named = tokenFile ?? inDataDir ?? (env.DROVER_TOKEN_FILE || undefined)
    const flag = tokenFile !== undefined ? '--token-file' : dataDir !== undefined ? '--data-dir' : 'DROVER_TOKEN_FILE'
    if (text !== undefined && text !== '') {
      if (this.#before.tokenFile !== undefined && this.#options.force?.includes('token') !== true)
        throw badFlag('--token', `the configuration has ${this.#before.tokenFile} already; --force token replaces it`)
      return { text: tokenOf(text, token === undefined ? 'DROVER_TOKEN' : '--token') }
    }
    const kept = this.#keep('tokenFile', 'token', flag, named === undefined ? undefined : resolve(named))
    const guess = resolve('drover-data', 'admin-token')
    const file = kept ?? (loopback && (await exists(guess)) ? guess : undefined)
    if (file !== undefined) return { text: await tokenIn(file, kept === undefined ? '--data-dir' : flag), file }
    throw new BadInput('NO_TOKEN', `no access token for ${origin}`, {
      fields: [
        {
          name: '--token-file',
          message:
            'give it, or with --data-dir the folder of a broker that runs here; --no-broker for a desk that signs only',
        },
      ],
    })
  }

  /** What the broker says to the token, for people. Throws Refused. */
  async #tried({ url, token, ca }: { url: string; token: string; ca?: string }): Promise<string> {
    const { timeout } = this.#options
    const common = { url, token, ...(ca === undefined ? {} : { ca }), ...(timeout === undefined ? {} : { timeout }) }
    const client = await new CliContext(this.#context.world, common).client()
    try {
      const { data, has_more: more } = await client.devices({ limit: 1 })
      return data.length === 0
        ? 'takes the token, no devices yet'
        : `takes the token, has ${more ? 'devices' : 'a device'}`
    } catch (error) {
      if (error instanceof ServerFailed) return `not tried: ${error.message}`
      throw error
    }
  }

  async #writtenToken(text: string): Promise<string> {
    const file = join(this.#folder, 'token')
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await replaceFile(file, '--token', async temporary => {
      await writeFile(temporary, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true })
    })
    return file
  }
}

async function tokenIn(file: string, flag: string): Promise<string> {
  return tokenOf((await readSmallFile(file, flag, tokenBytesMax)).toString(), flag)
}

function addressText(text: string | undefined, flag: string): string | undefined {
  if (text === undefined || text === '') return undefined
  return addressOf(text, flag).href.replace(/\/$/, '')
}
