// The configuration of the command line: a small JSON file that drover init writes, so that no command has to be told the
// broker, the token and the keys again. It holds no secret itself, it names the files that do; it is read by its owner only
// all the same, because who can write it can send the token elsewhere.
//
//   flag  ▶  environment  ▶  this file  ▶  default
import { chmod, mkdir, open, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { BadInput } from '../errors.ts'
import { isSystemError, readSmallFile, reasonOf, replaceFile } from '../files.ts'

/** Paths are absolute. Ids: 32 hex digits. */
export interface Settings {
  readonly url?: string
  readonly tokenFile?: string
  readonly ca?: string
  /** Folder with release.pem, operations.pem and trust.bin. */
  readonly keys?: string
  readonly vendorId?: string
  readonly classId?: string
}
export interface Config {
  /** Where it is, or would be. */
  readonly path: string
  readonly found: boolean
  readonly settings: Settings
  /** For people: what is wrong with it and how to mend it, though it can be used. */
  readonly warnings: readonly string[]
}

const names = ['url', 'tokenFile', 'ca', 'keys', 'vendorId', 'classId'] as const
const paths: readonly (keyof Settings)[] = ['tokenFile', 'ca', 'keys']
const bytesMax = 64 * 1024

type Env = Readonly<Record<string, string | undefined>>

/** `$DROVER_CONFIG`, `$XDG_CONFIG_HOME/drover/config.json` or `~/.config/drover/config.json`; undefined without a home. */
export function configPathOf(env: Env): string | undefined {
  if (env.DROVER_CONFIG) return resolve(env.DROVER_CONFIG)
  // An XDG folder that is not absolute is to be ignored (XDG Base Directory Specification, "Environment variables").
  if (env.XDG_CONFIG_HOME?.startsWith('/')) return join(env.XDG_CONFIG_HOME, 'drover', 'config.json')
  return env.HOME ? join(env.HOME, '.config', 'drover', 'config.json') : undefined
}

/** Throws BadInput when it cannot be read or says what is not known. Without a file: no settings. */
export async function readConfig(env: Env): Promise<Config> {
  const path = configPathOf(env)
  if (path === undefined) return { path: '', found: false, settings: {}, warnings: [] }
  let mode: number
  try {
    mode = (await stat(path)).mode & 0o777
  } catch (cause) {
    if (isSystemError(cause) && ['ENOENT', 'ENOTDIR'].includes(cause.code))
      return { path, found: false, settings: {}, warnings: [] }
    throw unusable(path, `cannot be read (${reasonOf(cause)})`, cause)
  }
  const text = (await readSmallFile(path, path, bytesMax)).toString()
  const others = (mode & 0o077) === 0 ? [] : [`Others can read or change ${path}. Mend it: chmod 600 ${path}`]
  return { path, found: true, settings: settingsOf(text, path), warnings: others }
}

/** There whole or not at all, readable by its owner only. Throws BadInput. */
export async function writeConfig(path: string, settings: Settings): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw unusable(path, `cannot be written (${reasonOf(cause)})`, cause)
  })
  // The folder may be older than this file; what is in it is nobody else's.
  await chmod(dirname(path), 0o700).catch(() => {
    // Not our folder: the file's own mode protects it.
  })
  await replaceFile(path, path, async temporary => {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(`${JSON.stringify(settings, null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  })
}

function settingsOf(text: string, path: string): Settings {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw unusable(path, `is no JSON (${(cause as Error).message})`, cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unusable(path, 'expected one JSON object')
  const entries = Object.entries(value).map(([name, given]) => {
    const known = names.find(candidate => candidate === name)
    if (known === undefined) throw unusable(path, `${name} is not known; expected ${names.join(', ')}`)
    if (typeof given !== 'string' || given === '') throw unusable(path, `${name}: expected a text that is not empty`)
    return [known, paths.includes(known) ? resolve(dirname(path), given) : given] as const
  })
  return Object.fromEntries(entries)
}

function unusable(path: string, problem: string, cause?: unknown): BadInput {
  const message = `the configuration ${path}: ${problem}`
  return new BadInput('BAD_CONFIGURATION', message, { fields: [{ name: 'DROVER_CONFIG', message }], cause })
}
