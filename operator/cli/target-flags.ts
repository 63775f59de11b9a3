// The flags that say what an operation is aimed at: named devices, a filter, everybody, or a list in a file of any length.
import type { Command } from 'commander'
import type { OperationRequest } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { badFlag } from '../errors.ts'
import { mustBeReadable, readSmallFile } from '../files.ts'
import { commaList, each, parsedBy } from './values.ts'

export interface TargetOptions {
  readonly device?: readonly string[]
  readonly devices?: readonly string[]
  readonly devicesFile?: string
  readonly filter?: string
  readonly open?: boolean
  readonly all?: boolean
  readonly fromCsv?: string
}

/** As the request says it, or a file that travels beside the request. */
export type Aim =
  | { readonly kind: 'targets'; readonly targets: OperationRequest['targets'] }
  | { readonly kind: 'csv'; readonly path: string }

const listBytesMax = 4 * 1024 * 1024
/** Fields of the request to flags. */
export const targetFlagNames = {
  targets: '--device',
  'targets.filter': '--filter',
  'targets.open': '--open',
  filter: '--filter',
  body: '--from-csv',
}

export function addTargetFlags(command: Command): Command {
  return command
    .optionsGroup('To whom, one way of these:')
    .option('--device <id>', 'a device; may be given again', each(parsedBy(deviceId)))
    .option('--devices <ids>', 'devices, parted by commas', commaList(parsedBy(deviceId)))
    .option('--devices-file <file>', 'devices, one id a line; # begins a comment')
    .option('--filter <conditions>', 'devices that match now, like "group=berlin&component=main&version__lte=1.4.0"')
    .option('--open', 'with --filter: also those that match later, until the operation is stopped')
    .option('--all', 'all devices that are registered now')
    .option('--from-csv <file>', 'devices in the first column of a CSV file of any length')
}

/** Throws BadInput unless it is aimed in exactly one way. */
export async function aimOf(options: TargetOptions): Promise<Aim> {
  const { device = [], devices = [], devicesFile, filter, open, all, fromCsv } = options
  const named = [
    ...(device.length > 0 ? ['--device'] : []),
    ...(devices.length > 0 ? ['--devices'] : []),
    ...(devicesFile === undefined ? [] : ['--devices-file']),
  ]
  const ways = [
    ...(all === true ? ['--all'] : []),
    ...(filter === undefined ? [] : ['--filter']),
    ...(fromCsv === undefined ? [] : ['--from-csv']),
    ...named,
  ]
  const [way, other] = ways
  if (way === undefined)
    throw badFlag(
      '--device',
      'name devices with it, with --devices, --devices-file or --from-csv, or take --filter or --all',
    )
  if (other !== undefined && ways.length > named.length)
    throw badFlag(way, `cannot stand beside ${other}; leave one of them out`)
  if (open === true && filter === undefined) throw badFlag('--open', 'belongs to --filter')
  if (all === true) return { kind: 'targets', targets: { all: true } }
  if (filter !== undefined) return { kind: 'targets', targets: { filter, ...(open === true ? { open: true } : {}) } }
  if (fromCsv !== undefined) {
    await mustBeReadable(fromCsv, '--from-csv')
    return { kind: 'csv', path: fromCsv }
  }
  return { kind: 'targets', targets: { devices: await listed([...device, ...devices], devicesFile) } }
}

async function listed(named: readonly string[], file: string | undefined): Promise<string[]> {
  const devices = [...new Set([...named, ...(file === undefined ? [] : await devicesIn(file))])]
  if (devices.length === 0) throw badFlag('--device', `${file} names no device`)
  const { targetsMax } = await import('../../proto/http-api.ts')
  if (devices.length > targetsMax)
    throw badFlag(
      '--devices-file',
      `${devices.length} devices, expected at most ${targetsMax}; take --from-csv, or --all`,
    )
  return devices
}

async function devicesIn(path: string): Promise<readonly string[]> {
  const text = (await readSmallFile(path, '--devices-file', listBytesMax)).toString()
  return text.split(/\r?\n/).flatMap((line, index) => {
    const id = line.replace(/#.*/, '').trim()
    try {
      return id === '' ? [] : [deviceId(id)]
    } catch (cause) {
      throw badFlag('--devices-file', `line ${index + 1} of ${path}: ${(cause as Error).message}`, cause)
    }
  })
}
