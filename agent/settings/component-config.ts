// The components of a device as its configuration names them: a row of fields for each kind of installer. boot reads it
// too, so this file needs nothing but Node and the constants of the contract.
import { componentNameBytesMax, componentsMax, packageImagesMax } from '../../proto/limits.ts'
import { command, expected, isObject, Problems, text, whole } from './setting.ts'

/** What the words for an external boot loader are called unless the configuration says otherwise. */
export const bootVariables = { active: 'drover_active', trial: 'drover_try', tries: 'drover_tries' } as const

export interface ComponentConfig {
  readonly name: string
  /** Version of what the component has from the factory. */
  readonly version: string
  /** The file it has from the factory; undefined where there need be none. */
  readonly image: string | undefined
  /** True for the one component that boot starts. */
  readonly reboot: boolean
  readonly installer: InstallerConfig
}

export type InstallerConfig =
  | { readonly kind: 'slots' }
  | {
      readonly kind: 'file'
      readonly file: string
      /** Three octal digits as a number; absent: as the file has it. */
      readonly mode: number | undefined
      readonly reload: readonly string[] | undefined
      readonly timeoutMs: number
    }
  | {
      readonly kind: 'hooks'
      readonly folder: string
      readonly restart: 'none' | 'device'
      readonly timeoutMs: number
    }
  | {
      readonly kind: 'partitions'
      readonly a: string
      readonly b: string
      readonly imageBytes: number | undefined
      readonly bootloader: {
        readonly read: readonly string[]
        readonly write: readonly string[]
        readonly commandLine: string
        readonly variables: { readonly active: string; readonly trial: string; readonly tries: string }
      }
    }
  | { readonly kind: 'package'; readonly members: readonly string[] }

type Fields = Readonly<Record<string, unknown>>
type Kind = InstallerConfig['kind']

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** Every component that is wrong is told. Paths stay as they are given. */
export function components(value: unknown): readonly ComponentConfig[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > componentsMax)
    throw expected(`a list of 1 to ${componentsMax}`, value)
  const problems: string[] = []
  const read = value.flatMap((each, position) => {
    try {
      return [component(each)]
    } catch (error) {
      problems.push(`[${position}]${(error as Error).message}`)
      return []
    }
  })
  if (problems.length > 0) throw new Problems(problems)
  const names = read.map(({ name }) => name)
  if (new Set(names).size !== names.length) throw new RangeError('expected each name once')
  if (read.filter(({ reboot }) => reboot).length > 1) throw new RangeError('expected reboot: true at most once')
  for (const problem of memberProblems(read)) problems.push(problem)
  if (problems.length > 0) throw new Problems(problems)
  return read
}

/** `component` with its paths made by `path`. */
export function withPaths(component: ComponentConfig, path: (given: string) => string): ComponentConfig {
  const { image, installer } = component
  const paths = { ...component, image: image === undefined ? undefined : path(image) }
  switch (installer.kind) {
    case 'slots':
    case 'package':
      return paths
    case 'file':
      return { ...paths, installer: { ...installer, file: path(installer.file) } }
    case 'hooks':
      return { ...paths, installer: { ...installer, folder: path(installer.folder) } }
    case 'partitions':
      return { ...paths, installer: { ...installer, a: path(installer.a), b: path(installer.b) } }
  }
}

/** Those whose images lie in slot folders, with what is in slot a from the factory; nothing is an empty image. */
export function slotFolderComponents(
  all: readonly ComponentConfig[],
): readonly { readonly name: string; readonly version: string; readonly image: string }[] {
  const inSlots: readonly Kind[] = ['slots', 'hooks']
  return all
    .filter(({ installer }) => inSlots.includes(installer.kind))
    .map(({ name, version, image = '/dev/null' }) => ({ name, version, image }))
}

/** Does a new image of it count only when the whole device has restarted? */
export function restartsDevice({ installer }: ComponentConfig): boolean {
  return installer.kind === 'partitions' || (installer.kind === 'hooks' && installer.restart === 'device')
}

/** Lines of --help. */
export const componentHelp = [
  'A component: name (1 to 32 of A-Z a-z 0-9 . _ -), version (1.2.3), installer, and what that installer needs:',
  '  slots (default)  image (file from the factory), reboot (true for at most one: the image that is started;',
  '                   false: an image that is only kept for others)',
  '  file             file (the one that is replaced), mode (as it is), reload (program and arguments, run after each',
  '                   replacement), timeoutMs of it (30000), image (placed where there is no file yet)',
  '  hooks            folder (programs install, rollback and perhaps verify, commit, download-authorize,',
  '                   install-authorize), restart (none or device), timeoutMs of each (1800000), image',
  '  partitions       a, b (device nodes), imageBytes (of the image from the factory; else the whole partition),',
  '                   bootloader {read, write (programs and arguments), commandLine (/proc/cmdline),',
  '                   variables {active (drover_active), try (drover_try), tries (drover_tries)}}',
  `  package          members (1 to ${packageImagesMax} names of other components that it brings images for)`,
] as const

function component(value: unknown): ComponentConfig {
  if (!isObject(value)) throw new RangeError(': expected {name, version, image, reboot}')
  const { name, version, installer: kind = 'slots', ...fields } = value
  // The name is a folder and a field of the manifest (proto/manifest.ts has the same rule).
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.length > componentNameBytesMax)
    throw wrong('name', `1 to ${componentNameBytesMax} of A-Z a-z 0-9 . _ -`)
  if (typeof version !== 'string' || !/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version))
    throw wrong('version', 'three dotted numbers up to 999')
  if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind))
    throw wrong('installer', `one of ${Object.keys(kinds).join(' ')}`)
  const { known, read } = kinds[kind as Kind]
  const stranger = Object.keys(fields).find(field => !known.includes(field))
  if (stranger !== undefined) throw wrong(stranger, 'no such field')
  return { name, version, ...read(fields) }
}

interface KindOfInstaller {
  readonly known: readonly string[]
  readonly read: (fields: Fields) => Pick<ComponentConfig, 'image' | 'reboot' | 'installer'>
}

const kinds: Readonly<Record<Kind, KindOfInstaller>> = {
  slots: {
    known: ['image', 'reboot'],
    read: fields => {
      const image = field(fields, 'image', path)
      const { reboot } = fields
      if (typeof reboot !== 'boolean') throw wrong('reboot', 'true or false')
      return { image, reboot, installer: { kind: 'slots' } }
    },
  },
  file: {
    known: ['image', 'file', 'mode', 'reload', 'timeoutMs'],
    read: fields => {
      const file = field(fields, 'file', path)
      const mode = perhaps(fields, 'mode', octal)
      const timeoutMs = field(fields, 'timeoutMs', whole(100, dayMs), 30_000)
      const installer = { kind: 'file', file, mode, reload: perhaps(fields, 'reload', command), timeoutMs } as const
      return { image: perhaps(fields, 'image', path), reboot: false, installer }
    },
  },
  hooks: {
    known: ['image', 'folder', 'restart', 'timeoutMs'],
    read: fields => {
      const folder = field(fields, 'folder', path)
      const { restart = 'none' } = fields
      if (restart !== 'none' && restart !== 'device') throw wrong('restart', 'none or device')
      const timeoutMs = field(fields, 'timeoutMs', whole(100, dayMs), 30 * minuteMs)
      const installer = { kind: 'hooks', folder, restart, timeoutMs } as const
      return { image: perhaps(fields, 'image', path), reboot: false, installer }
    },
  },
  partitions: {
    known: ['a', 'b', 'imageBytes', 'bootloader'],
    read: fields => {
      const [a, b] = [field(fields, 'a', path), field(fields, 'b', path)]
      if (a === b) throw wrong('b', 'another partition than a')
      const imageBytes = perhaps(fields, 'imageBytes', whole(1, 2 ** 53 - 1))
      const bootloader = within('bootloader', fields.bootloader, ['read', 'write', 'commandLine', 'variables'])
      const programs = { read: field(bootloader, 'read', command), write: field(bootloader, 'write', command) }
      const commandLine = field(bootloader, 'commandLine', path, '/proc/cmdline')
      const named = within('variables', bootloader.variables ?? {}, ['active', 'try', 'tries'])
      const variables = {
        active: field(named, 'active', variable, bootVariables.active),
        trial: field(named, 'try', variable, bootVariables.trial),
        tries: field(named, 'tries', variable, bootVariables.tries),
      }
      const installer = { kind: 'partitions', a, b, imageBytes } as const
      return {
        image: undefined,
        reboot: false,
        installer: { ...installer, bootloader: { ...programs, commandLine, variables } },
      }
    },
  },
  package: {
    known: ['members'],
    read: ({ members }) => {
      const isName = (name: unknown): boolean => typeof name === 'string'
      const fits = Array.isArray(members) && members.length >= 1 && members.length <= packageImagesMax
      if (!fits || !members.every(isName) || new Set(members).size !== members.length)
        throw wrong('members', `a list of 1 to ${packageImagesMax} names of components, each once`)
      return { image: undefined, reboot: false, installer: { kind: 'package', members } }
    },
  },
}

/** A member is another component, of one package, and no package itself. */
function memberProblems(all: readonly ComponentConfig[]): readonly string[] {
  const owners = new Map<string, string>()
  return all.flatMap(({ name, installer }, position) =>
    installer.kind !== 'package'
      ? []
      : installer.members.flatMap(member => {
          const owner = owners.get(member)
          owners.set(member, name)
          const found = all.find(other => other.name === member)
          const where = `[${position}].members: ${member}`
          if (found === undefined) return [`${where}: no such component`]
          if (found.installer.kind === 'package') return [`${where}: a package cannot be in a package`]
          return owner === undefined ? [] : [`${where}: is in the package ${owner} already`]
        }),
  )
}

function field<T>(fields: Fields, name: string, read: (value: unknown) => T, fallback?: unknown): T {
  const value = fields[name] ?? fallback
  try {
    return read(value)
  } catch (error) {
    throw new RangeError(`.${name}: ${(error as Error).message}`)
  }
}

function perhaps<T>(fields: Fields, name: string, read: (value: unknown) => T): T | undefined {
  return fields[name] === undefined ? undefined : field(fields, name, read)
}

function within(name: string, value: unknown, known: readonly string[]): Fields {
  if (!isObject(value)) throw wrong(name, `{${known.join(', ')}}`)
  const stranger = Object.keys(value).find(each => !known.includes(each))
  if (stranger !== undefined) throw wrong(`${name}.${stranger}`, 'no such field')
  return value
}

const path = text(1, 4096)

function octal(value: unknown): number {
  if (typeof value !== 'string' || !/^0?[0-7]{3}$/.test(value)) throw expected('three octal digits as a text', value)
  return Number.parseInt(value, 8)
}

function variable(value: unknown): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(value))
    throw expected('1 to 64 of A-Z a-z 0-9 _ . -', value)
  return value
}

function wrong(name: string, what: string): RangeError {
  return new RangeError(`.${name}: expected ${what}`)
}
