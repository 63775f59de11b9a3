// What operators change on a device: where it belongs, whether it may take part, its password, and its end.
import type { Command } from 'commander'
import type { DeviceEdit } from '../../proto/http-api.ts'
import { badFlag } from '../errors.ts'
import type { Finish } from './command.ts'
import { confirmed } from './confirm.ts'
import type { CliContext } from './context.ts'
import { showDevice } from './devices.ts'
import { withSecretFile } from './secret-file.ts'
import { commaList } from './values.ts'

const hints = { NOT_FOUND: 'drover devices list shows who has connected' }
const noneText = 'none'

export function addDeviceEdits(devices: Command, finish: Finish): void {
  const one = (name: string, description: string): Command =>
    devices.command(name).argument('<id>', 'device id').description(description)

  const tag = one('tag', 'add tags to a device and remove others')
    .option('--add <tags>', 'parted by commas', commaList(String))
    .option('--remove <tags>', 'parted by commas', commaList(String))
  finish(tag, {
    flags: { 'tags.add': '--add', 'tags.remove': '--remove', tags: '--add' },
    hints,
    run: (context, { args, options }) => {
      const { add, remove } = options as { readonly add?: string[]; readonly remove?: string[] }
      if (add === undefined && remove === undefined) throw badFlag('--add', 'nothing to change: give it or --remove')
      const tags = { ...(add === undefined ? {} : { add }), ...(remove === undefined ? {} : { remove }) }
      return edited(context, args[0] ?? '', { tags })
    },
  })

  finish(one('group', 'put a device into a group, or into none').argument('<group>', `its name, or ${noneText}`), {
    flags: { group: '<group>' },
    hints,
    run: (context, { args: [id = '', group = ''] }) =>
      edited(context, id, { group: group === noneText ? null : group }),
  })

  const attribute = one('attribute', 'set attributes of a device, and take others away').argument(
    '<pairs...>',
    'name=value sets one, name= takes it away',
  )
  finish(attribute, {
    flags: { attributes: '<pairs>' },
    hints,
    run: (context, { args: [id = '', ...pairs] }) => edited(context, id, { attributes: attributesOf(pairs) }),
  })

  finish(one('release', 'let a device that failed too often take part again'), {
    hints,
    run: async (context, { args }) => {
      const client = await context.client()
      showDevice(context, await client.releaseDevice(args[0] ?? ''))
    },
  })

  const forget = one(
    'forget-report-key',
    'keep the next key that a device says for its signed reports, in place of the one that is kept',
  ).option('--yes', 'do not ask')
  finish(forget, {
    hints,
    run: async (context, { args, options }) => {
      const id = args[0] ?? ''
      await confirmed(
        context,
        options.yes === true,
        `Forget the report key of ${id}? Whoever connects as it next brings one.`,
      )
      const client = await context.client()
      showDevice(context, await client.forgetReportKey(id))
    },
  })

  const deregister = one(
    'deregister',
    'take a device out of the registry and out of every operation; its password is void',
  ).option('--yes', 'do not ask')
  finish(deregister, {
    hints,
    run: async (context, { args, options }) => {
      const id = args[0] ?? ''
      await confirmed(context, options.yes === true, `Deregister ${id}? It cannot connect again with its password.`)
      const client = await context.client()
      await client.deregisterDevice(id)
      context.out.item({ object: 'deregistered-device', device: id }, [['deregistered', id]])
    },
  })

  const renew = devices
    .command('secret')
    .description('the MQTT password of a device')
    .command('renew')
    .argument('<id>', 'device id')
    .description('issue a new password; the old one is void at once. It is shown once')
    .option('--out <file>', 'write it there (mode 0600, never overwritten) instead of showing it')
  finish(renew, {
    hints,
    run: async (context, { args, options }) => {
      const { out } = options as { readonly out?: string }
      const client = await context.client()
      const { device, secret } = await withSecretFile('--out', out, async () => {
        const answer = await client.renewDeviceSecret(args[0] ?? '')
        return { ...answer, text: `${answer.secret}\n` }
      })
      context.out.item({ object: 'renewed-device', device, ...(out === undefined ? { secret } : { path: out }) }, [
        ['device', device],
        out === undefined ? ['MQTT password', secret] : ['MQTT password in', out],
      ])
    },
  })
}

async function edited(context: CliContext, id: string, edit: DeviceEdit): Promise<void> {
  const client = await context.client()
  showDevice(context, await client.editDevice(id, edit))
}

function attributesOf(pairs: readonly string[]): Record<string, string | null> {
  const attributes = new Map<string, string | null>()
  for (const pair of pairs) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
    if (name === undefined || value === undefined)
      throw badFlag('<pairs>', `expected name=value, or name= to take it away, got ${JSON.stringify(pair)}`)
    if (attributes.has(name)) throw badFlag('<pairs>', `expected ${JSON.stringify(name)} once`)
    attributes.set(name, value === '' ? null : value)
  }
  return Object.fromEntries(attributes)
}
