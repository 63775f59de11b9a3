// drover devices: who may connect, and who has. What is changed on a device is in device-edit.ts.
import type { Command } from 'commander'
import type { DeviceView } from '../../proto/http-api.ts'
import type { DeviceOperationView } from '../../proto/http-console.ts'
import { deviceId, eventId } from '../../proto/ids.ts'
import { anyOtherField, type Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { addCertificateCommands, certify } from './device-certificates.ts'
import { addDeviceEdits } from './device-edit.ts'
import { save } from './download.ts'
import { type EnrollOptions, enroll } from './enroll.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, showList } from './paging.ts'
import { each, parsedBy } from './values.ts'

export function addDeviceCommands(program: Command, finish: Finish): void {
  const devices = program.command('devices').alias('device').description('who may connect, and who has')
  const issue = devices
    .command('enroll')
    .argument('<id...>', 'device ids: 1 to 64 of A-Z a-z 0-9 . _ : -', each(parsedBy(deviceId)))
    .description('issue the MQTT passwords of devices; each is shown once')
    .option('--out <file>', 'write the password of one device there (mode 0600, never overwritten), do not show it')
    .option('--csr <file>', 'certificate request (PEM) of one device: it gets a certificate in place of a password')
    .option(
      '--out-dir <dir>',
      'write each password into a file there, named by the device (mode 0600, never overwritten)',
    )
  finish(issue, {
    flags: { device: '<id>', id: '<id>', csr: '--csr' },
    hints: {
      CONFLICT: 'a password is shown once; a device that lost it gets another with drover devices secret renew ID',
    },
    run: (context, { args, options }) => {
      const { csr, ...rest } = options as EnrollOptions & { readonly csr?: string }
      return csr === undefined ? enroll(context, args, rest) : certify(context, args, { csr, ...rest })
    },
  })
  const list = addPaging(devices.command('list').description('devices, by id')).option(
    '--filter <conditions>',
    'only those that match, like "component=main&version=1.0.0" or "state=offline&last_seen__lte=7d"',
  )
  finish(list, {
    flags: { filter: '--filter', after: '--after', limit: '--limit', [anyOtherField]: '--filter' },
    run: async (context, call) => {
      const { filter, ...paging } = call.options as unknown as PagingOptions & { readonly filter?: string }
      const client = await context.client()
      await showList(context, paging, {
        pageOf: page => client.devices({ ...page, ...(filter === undefined ? {} : { filter }) }),
        keyOf: ({ id }) => id,
        columns,
        whenEmpty:
          filter === undefined
            ? 'No device has connected yet. Let one in with drover devices enroll ID...; it appears here with its first hello.'
            : 'No devices match.',
      })
    },
  })
  finish(devices.command('show').argument('<id>', 'device id').description('what the broker knows of one device'), {
    hints: { NOT_FOUND: 'drover devices list shows who has connected' },
    run: async (context, call) => {
      const client = await context.client()
      showDevice(context, await client.device(call.args[0] ?? ''))
    },
  })
  const history = addPaging(devices.command('operations'))
    .argument('<id>', 'device id')
    .description('what operations were to a device, newest first')
  finish(history, {
    flags: { after: '--after' },
    hints: { NOT_FOUND: 'drover devices list shows who has connected' },
    run: async (context, { args, options }) => {
      const client = await context.client()
      await showList(context, options as unknown as PagingOptions, {
        pageOf: page => client.deviceOperations(args[0] ?? '', page),
        keyOf: ({ operation }) => operation.id,
        columns: historyColumns,
        whenEmpty: 'It has been in no operation.',
      })
    },
  })
  const log = devices
    .command('log')
    .argument('<event>', 'id of the event that told the failure (device_log_id)', parsedBy(eventId))
    .description('what a device had logged when it failed; drover operation logs ID lists them')
    .option('-o, --out <file>', 'write there, whole or not at all, instead of to standard output')
  finish(log, {
    flags: { id: '<event>' },
    hints: { NOT_FOUND: 'drover operation logs ID lists what there is' },
    run: async (context, { args: [event = ''], options }) => {
      const { out } = options as { readonly out?: string }
      const client = await context.client()
      await save(context, await client.deviceLog(event), out, { object: 'device-log', event }, { mode: 0o600 })
    },
  })
  addDeviceEdits(devices, finish)
  addCertificateCommands(devices, finish)
}

export function showDevice({ out }: CliContext, device: DeviceView): void {
  out.item(device, [
    ['device', device.id],
    ['state', stateOf(device)],
    ['online', device.online ? 'yes' : 'no'],
    ['registered', timeOf(device.registeredAt)],
    ['last hello', timeOf(device.lastHelloAt)],
    ['vendor id', device.vendorId],
    ['class id', device.classId],
    ['agent', device.agentVersion],
    ['group', device.group],
    ['tags', device.tags.join(', ')],
    ...Object.entries(device.attributes).map(([name, value]) => [`attribute ${name}`, value] as const),
    ...(device.quarantinedAt === null ? [] : [['quarantined', timeOf(device.quarantinedAt)] as const]),
    ...reportKeyRows(device.reportKey),
    ...device.components.map(({ name, version, digest }) => [`component ${name}`, `${version}  ${digest}`] as const),
  ])
}

function reportKeyRows(key: DeviceView['reportKey']): readonly (readonly [string, string])[] {
  if (key === null) return []
  const refused = ['another key refused', `first at ${timeOf(key.refusedAt)}`] as const
  return [['report key', key.sha256], ...(key.refusedAt === null ? [] : [refused])]
}

function stateOf({ state, quarantinedAt }: DeviceView): string {
  return quarantinedAt === null ? state : `${state}, quarantined`
}

const historyColumns = [
  { head: 'operation', of: ({ operation }: DeviceOperationView) => operation.id },
  { head: 'type', rank: 4, of: ({ operation }: DeviceOperationView) => operation.typeName },
  { head: 'name', rank: 2, text: true, of: ({ operation }: DeviceOperationView) => operation.name },
  { head: 'requested', rank: 3, of: ({ operation }: DeviceOperationView) => timeOf(operation.requestedAt) },
  { head: 'status', of: ({ execution }: DeviceOperationView) => execution.status },
  { head: 'code', of: ({ execution }: DeviceOperationView) => execution.code },
  { head: 'message', rank: 1, text: true, of: ({ execution }: DeviceOperationView) => execution.message },
]
const columns = [
  { head: 'device', of: ({ id }: DeviceView) => id },
  { head: 'state', of: stateOf },
  { head: 'online', of: ({ online }: DeviceView) => (online ? 'yes' : 'no') },
  { head: 'group', rank: 2, of: ({ group }: DeviceView) => group },
  {
    head: 'components',
    rank: 1,
    text: true,
    of: ({ components }: DeviceView) => components.map(({ name, version }) => `${name} ${version}`).join(', '),
  },
  { head: 'last hello', rank: 3, of: ({ lastHelloAt }: DeviceView) => timeOf(lastHelloAt) },
]
