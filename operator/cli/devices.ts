// drover devices: who may connect, and who has.
import type { Command } from 'commander'
import type { DeviceView } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { gather } from '../gather.ts'
import type { Finish } from './command.ts'
import { enroll } from './enroll.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, tellMore } from './paging.ts'
import { each, parsedBy } from './values.ts'

export function addDeviceCommands(program: Command, finish: Finish): void {
  const devices = program.command('devices').description('who may connect, and who has')
  const issue = devices
    .command('enroll')
    .argument('<id...>', 'device ids: 1 to 64 of A-Z a-z 0-9 . _ : -', each(parsedBy(deviceId)))
    .description('issue the MQTT passwords of devices; each is shown once')
    .option('--out <file>', 'write the password of one device there (mode 0600, never overwritten), do not show it')
    .option(
      '--out-dir <dir>',
      'write each password into a file there, named by the device (mode 0600, never overwritten)',
    )
  finish(issue, {
    flags: { device: '<id>' },
    hints: {
      CONFLICT: 'a password is shown once and not issued again; a device that lost it needs another id in this version',
    },
    run: (context, { args, options }) => enroll(context, args, options),
  })
  finish(addPaging(devices.command('list').description('all devices, by id')), {
    run: async (context, call) => {
      const { limit, after } = call.options as unknown as PagingOptions
      const client = await context.client()
      const found = await gather(
        limit,
        after,
        ({ id }: DeviceView) => id,
        page => client.devices(page),
      )
      context.out.items(
        found.items,
        [
          { head: 'device', of: ({ id }) => id },
          { head: 'state', of: ({ state }) => state },
          { head: 'online', of: ({ online }) => (online ? 'yes' : 'no') },
          {
            head: 'components',
            of: ({ components }) => components.map(({ name, version }) => `${name} ${version}`).join(', '),
          },
          { head: 'last hello', of: ({ lastHelloAt }) => timeOf(lastHelloAt) },
        ],
        'No devices yet. Issue a password with drover devices enroll ID...; the device appears with its first hello.',
      )
      tellMore(context, found, ({ id }) => id)
    },
  })
  finish(devices.command('show').argument('<id>', 'device id').description('what the broker knows of one device'), {
    hints: { NOT_FOUND: 'drover devices list shows who has connected' },
    run: async (context, call) => {
      const client = await context.client()
      const device = await client.device(call.args[0] ?? '')
      context.out.item(device, [
        ['device', device.id],
        ['state', device.state],
        ['online', device.online ? 'yes' : 'no'],
        ['registered', timeOf(device.registeredAt)],
        ['last hello', timeOf(device.lastHelloAt)],
        ['vendor id', device.vendorId],
        ['class id', device.classId],
        ['agent', device.agentVersion],
        ...device.components.map(
          ({ name, version, digest }) => [`component ${name}`, `${version}  ${digest}`] as const,
        ),
      ])
    },
  })
}
