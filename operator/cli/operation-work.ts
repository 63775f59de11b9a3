// What an operation does to its devices, from the flags of its type: the release, the patch, the backup, the command. A
// command is signed here, because the key that may sign it stays with people; a signature is good for one operation.
import type { Command } from 'commander'
import type { OperationRequest } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { commandArgumentsBytesMax } from '../../proto/limits.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import { badFlag } from '../errors.ts'
import { signCommand } from '../signed-command.ts'
import type { CliContext } from './context.ts'
import { readAnyJson, readJsonFile, readJsonInput } from './json-input.ts'
import { addSigningFlags, namesSigners, type SigningOptions, signersOf } from './signing-flags.ts'
import { duration, identity, parsedBy } from './values.ts'

export interface WorkOptions extends SigningOptions {
  readonly type: string
  readonly release?: string
  readonly patch?: string
  readonly mergePatch?: string
  readonly backup?: { readonly operation: string; readonly device: string }
  readonly command?: string
  readonly arguments?: string
  readonly vendorId?: string
  readonly classId?: string
  readonly onlyDevice?: string
  readonly expires?: number
}
export type Work = Pick<OperationRequest, 'type' | 'release' | 'arguments' | 'backup' | 'signed'>

const dayMs = 86_400_000
const expiresDefaultMs = 30 * dayMs
/** Flags that belong to one type only. A type that a plugin registers takes --arguments. */
const flagsOfType: Readonly<Record<string, readonly (keyof WorkOptions)[]>> = {
  [firmwareUpdate]: ['release'],
  'config-backup': [],
  'config-change': ['patch', 'mergePatch'],
  'config-restore': ['backup'],
  reboot: [],
  command: ['command', 'arguments'],
}
export const operationTypes: readonly string[] = Object.keys(flagsOfType)
const flagNames: Readonly<Partial<Record<keyof WorkOptions, string>>> = {
  release: '--release',
  patch: '--patch',
  mergePatch: '--merge-patch',
  backup: '--backup',
  command: '--command',
  arguments: '--arguments',
}
/** Fields of the request to flags. */
export function workFlagNames({ key, signer }: SigningOptions): Readonly<Record<string, string>> {
  return {
    type: '--type',
    release: '--release',
    backup: '--backup',
    signed: key === undefined && signer !== undefined ? '--signer' : '--key',
    'arguments.patch': '--patch',
    'arguments.name': '--command',
    arguments: '--arguments',
  }
}

export function addWorkFlags(command: Command): Command {
  const what = command
    .optionsGroup('What is done:')
    .option(
      '--type <type>',
      'firmware-update, config-backup, config-change, config-restore, reboot, command, or of a plugin',
      parsedBy(operationType),
      firmwareUpdate,
    )
    .option('--release <id>', 'firmware-update: release id, or component@version when there is only one')
    .option('--patch <file>', 'config-change: JSON Patch (RFC 6902), a list of operations')
    .option('--merge-patch <file>', 'config-change: JSON Merge Patch (RFC 7396), an object')
    .option(
      '--backup <from>',
      'config-restore: OPERATION/DEVICE, the configuration this device sent there',
      parsedBy(backupOf),
    )
    .option('--command <name>', 'command: what the devices know it by')
    .option('--arguments <json>', 'command, plugins: a JSON object, or a file that holds one')
  const keyText = 'sign here with this key (a command: default release.pem in DROVER_KEYS); several for a threshold'
  return addSigningFlags(what, keyText)
    .option('--vendor-id <hex>', 'when signed here: only for this vendor, 32 hex digits or a UUID', identity)
    .option('--class-id <hex>', 'when signed here: only for this class', identity)
    .option('--only-device <id>', 'when signed here: only for this device', parsedBy(deviceId))
    .option(
      '--expires <time>',
      'when signed here: how long devices accept it (default 30d)',
      duration(1_000, 3_650 * dayMs),
    )
}

/** Throws BadInput naming the flag. */
export async function workOf(context: CliContext, options: WorkOptions): Promise<Work> {
  const { type, release, backup } = options
  // What people sign only is signed with the key they have.
  const signing = type === 'command' ? await context.withReleaseKey(options) : options
  const signedHere = namesSigners(signing)
  const signingFlag = signing.key === undefined ? '--signer' : '--key'
  const allowed = flagsOfType[type] ?? ['arguments']
  for (const [option, flag] of Object.entries(flagNames))
    if (options[option as keyof WorkOptions] !== undefined && !allowed.includes(option as keyof WorkOptions))
      throw badFlag(flag, `does not belong to --type ${type}`)
  if (!signedHere)
    for (const [option, flag] of [
      ['vendorId', '--vendor-id'],
      ['classId', '--class-id'],
      ['onlyDevice', '--only-device'],
      ['expires', '--expires'],
    ] as const)
      if (options[option] !== undefined) throw badFlag(flag, 'is part of what is signed: it needs --key or --signer')
  if (type === firmwareUpdate) {
    if (release === undefined) throw badFlag('--release', 'a firmware-update needs a release id, or component@version')
    if (signedHere) throw badFlag(signingFlag, 'the release is signed already, with drover artifact create')
    return { type, release }
  }
  if (type === 'config-restore') {
    if (backup === undefined)
      throw badFlag('--backup', 'a config-restore needs OPERATION/DEVICE; drover operation backups ID lists them')
    if (signedHere) throw badFlag(signingFlag, 'a config-restore is signed by the broker, which holds the backup')
    return { type, backup }
  }
  const args = await argumentsOf(options)
  if (signedHere) return { type, signed: await signedOf(context, { ...options, ...signing }, args ?? {}) }
  return { type, ...(args === undefined ? {} : { arguments: args }) }
}

/** Undefined for a type that takes none. */
async function argumentsOf(options: WorkOptions): Promise<Record<string, unknown> | undefined> {
  const { type, patch, mergePatch, command, arguments: given } = options
  const bytesMax = commandArgumentsBytesMax
  if (type === 'config-change') {
    if ((patch === undefined) === (mergePatch === undefined))
      throw badFlag('--patch', 'a config-change needs either it or --merge-patch')
    if (mergePatch !== undefined)
      return { format: 'merge-patch', patch: await readJsonFile(mergePatch, '--merge-patch', bytesMax) }
    const operations = await readAnyJson(patch ?? '', '--patch', bytesMax)
    if (!Array.isArray(operations)) throw badFlag('--patch', `${patch} holds no list of operations (RFC 6902)`)
    return { format: 'json-patch', patch: operations }
  }
  const read = given === undefined ? undefined : await readJsonInput(given, '--arguments', bytesMax)
  if (type !== 'command') return read
  if (command === undefined) throw badFlag('--command', 'a command needs the name the devices know it by')
  return { name: command, arguments: read ?? {} }
}

async function signedOf(
  context: CliContext,
  options: WorkOptions,
  args: Record<string, unknown>,
): Promise<NonNullable<Work['signed']>> {
  const { type, vendorId, classId, onlyDevice, expires = expiresDefaultMs } = options
  const { clock, random } = context.world
  return signCommand(
    {
      type,
      ...(vendorId === undefined ? {} : { vendorId }),
      ...(classId === undefined ? {} : { classId }),
      ...(onlyDevice === undefined ? {} : { deviceId: onlyDevice }),
      expiresAt: clock.now() + expires,
      arguments: args,
    },
    await signersOf(context, options),
    { clock, random },
  )
}

function operationType(text: string): string {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(text)) throw new RangeError('Expected 1 to 32 of a-z 0-9 -.')
  return text
}

function backupOf(text: string): { readonly operation: string; readonly device: string } {
  const [, operation, device] = /^([0-9a-z]{26})\/(.+)$/.exec(text) ?? []
  if (operation === undefined || device === undefined)
    throw new RangeError('Expected OPERATION/DEVICE, the operation id and the device.')
  return { operation, device: deviceId(device) }
}
