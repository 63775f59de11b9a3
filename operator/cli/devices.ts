// drover devices: who may connect, and who has.
import { open, unlink } from 'node:fs/promises'
import type { Command } from 'commander'
import type { DeviceView } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { badFlag } from '../errors.ts'
import { reasonOf } from '../files.ts'
import { gather } from '../gather.ts'
import type { Finish } from './command.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, tellMore } from './paging.ts'
import { parsedBy } from './values.ts'

export function addDeviceCommands(program: Command, finish: Finish): void {
  const devices = program.command('devices').description('who may connect, and who has')
  const enroll = devices
    .command('enroll')
    .argument('<id>', 'device id: 1 to 64 of A-Z a-z 0-9 . _ : -', parsedBy(deviceId))
    .description('issue the MQTT password of a device; it is shown once')
    .option('--out <file>', 'write the password there (mode 0600, never overwritten) instead of showing it')
  finish(enroll, {
    flags: { device: '<id>' },
    run: async (context, call) => {
      const { out } = call.options as { readonly out?: string }
      const client = await context.client()
      const { device, secret } = await withSecretFile(out, async () => {
        const answer = await client.enrollDevice(call.args[0] ?? '')
        return { ...answer, text: `${answer.secret}\n` }
      })
      if (out === undefined)
        context.out.item({ object: 'enrolled-device', device, secret }, [
          ['device', device],
          ['MQTT password', secret],
        ])
      else
        context.out.item({ object: 'enrolled-device', device, path: out }, [
          ['device', device],
          ['MQTT password in', out],
        ])
    },
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
        'No devices yet. Issue a password with drover devices enroll ID; the device appears with its first hello.',
      )
      tellMore(context, found, ({ id }) => id)
    },
  })
  finish(devices.command('show').argument('<id>', 'device id').description('what the broker knows of one device'), {
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

/**
 * Makes the file first, then asks for the secret: one that cannot be written down would be lost, because the broker
 * shows it once. Without a path only asks.
 */
export async function withSecretFile<T extends { readonly text: string }>(
  path: string | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  if (path === undefined) return ask()
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw badFlag(
      '--out',
      exists ? `${path} exists and is never overwritten` : `cannot write ${path} (${reasonOf(cause)})`,
      cause,
    )
  })
  let written = false
  try {
    const answer = await ask()
    await file.writeFile(answer.text)
    await file.sync()
    written = true
    return answer
  } finally {
    await file.close()
    if (!written) await unlink(path)
  }
}
