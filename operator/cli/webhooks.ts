// drover webhooks: addresses that are told when an operation pauses, aborts or ends.
import type { Command } from 'commander'
import type { WebhookRequest } from '../../proto/http-admin.ts'
import type { Finish } from './command.ts'
import { confirmed } from './confirm.ts'
import { timeOf } from './output.ts'
import { withSecretFile } from './secret-file.ts'
import { commaList, word } from './values.ts'

type EventName = WebhookRequest['events'][number]
const names: readonly EventName[] = [
  'operation.paused',
  'operation.aborted',
  'operation.completed',
  'operation.stopped',
]

export function addWebhookCommands(program: Command, finish: Finish): void {
  const webhooks = program.command('webhooks').alias('webhook').description('addresses that are told how operations go')
  const create = webhooks
    .command('create')
    .argument('<url>', 'where messages are posted')
    .description('have messages sent there, signed with a key that is shown once')
    .option('--events <names>', `parted by commas: ${names.join(', ')} (default: all)`, commaList(word(names)))
    .option('--out <file>', 'write the key there (mode 0600, never overwritten) instead of showing it')
  finish(create, {
    flags: { url: '<url>', events: '--events' },
    run: async (context, { args, options }) => {
      const { events = names, out } = options as { readonly events?: readonly EventName[]; readonly out?: string }
      const client = await context.client()
      const {
        secret,
        text: _,
        ...made
      } = await withSecretFile('--out', out, async () => {
        const answer = await client.createWebhook({ url: args[0] ?? '', events: [...new Set(events)] })
        return { ...answer, text: `${answer.secret}\n` }
      })
      context.out.item({ object: 'webhook', ...made, ...(out === undefined ? { secret } : { path: out }) }, [
        ['webhook', made.id],
        ['url', made.url],
        ['events', made.events.join(', ')],
        out === undefined ? ['key', secret] : ['key in', out],
      ])
    },
  })
  finish(webhooks.command('list').description('all webhooks'), {
    run: async (context, _call) => {
      const client = await context.client()
      const { data } = await client.webhooks()
      context.out.items(
        data,
        [
          { head: 'webhook', of: ({ id }) => id },
          { head: 'url', of: ({ url }) => url },
          { head: 'events', rank: 3, text: true, of: ({ events }) => events.join(', ') },
          { head: 'created', rank: 2, of: ({ createdAt }) => timeOf(createdAt) },
          { head: 'by', rank: 1, of: ({ createdBy }) => createdBy },
        ],
        'No webhooks. Make one with drover webhooks create URL.',
      )
    },
  })
  const remove = webhooks
    .command('delete')
    .argument('<id>', 'webhook id')
    .description('send no more messages there')
    .option('--yes', 'do not ask')
  finish(remove, {
    hints: { NOT_FOUND: 'drover webhooks list shows which there are' },
    run: async (context, { args, options }) => {
      const id = args[0] ?? ''
      await confirmed(context, options.yes === true, `Delete the webhook ${id}? Its key is gone with it.`)
      const client = await context.client()
      await client.deleteWebhook(id)
      context.out.item({ object: 'deleted-webhook', id }, [['deleted', id]])
    },
  })
}
