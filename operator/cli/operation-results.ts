// What an operation leaves behind: a line a device, why one of them waits or failed, the errors together, and all of it as CSV.
import type { Command } from 'commander'
import type { CommandSpec, Finish } from './command.ts'
import { save } from './download.ts'
import { executionColumns } from './operation-view.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, showList } from './paging.ts'
import { word } from './values.ts'

const states = ['pending', 'in-progress', 'completed', 'failed', 'skipped'] as const
const results = ['updated', 'errors'] as const

export function addOperationResults(
  one: (name: string, description: string) => Command,
  finish: Finish,
  hints: NonNullable<CommandSpec['hints']>,
): void {
  const executions = addPaging(one('executions', 'one line a device'))
    .option('--state <state>', states.join(', '), word(states))
    .option(
      '--result <result>',
      'ended ones, as the counts of the operation have them: updated or errors',
      word(results),
    )
  finish(executions, {
    flags: { state: '--state', result: '--result', after: '--after' },
    hints,
    run: async (context, { args, options }) => {
      const { state, result, ...paging } = options as unknown as PagingOptions & Readonly<Record<string, string>>
      const filter = { ...(state === undefined ? {} : { state }), ...(result === undefined ? {} : { result }) }
      const client = await context.client()
      await showList(context, paging, {
        pageOf: page => client.executions(args[0] ?? '', { ...page, ...filter }),
        keyOf: ({ device }) => device,
        columns: executionColumns,
        whenEmpty: 'No executions match.',
      })
    },
  })

  const explain = one('explain', 'what holds a device back in an operation, or how it ended').argument(
    '<device>',
    'device id',
  )
  finish(explain, {
    flags: { device: '<device>' },
    hints,
    run: async (context, { args: [id = '', device = ''] }) => {
      const client = await context.client()
      const found = await client.explainDevice(id, device)
      context.out.item(found, [
        ['device', found.device],
        ['state', found.state],
        ['rule', found.rule],
        ['because', found.message],
        ...Object.entries(found.data).map(
          ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
        ),
      ])
    },
  })

  finish(one('errors', 'why devices failed: by reason and by code, with what to do'), {
    hints,
    run: async (context, { args }) => {
      const client = await context.client()
      const { id, errors, reasons, codes } = await client.operation(args[0] ?? '')
      const { out } = context
      if (out.json) {
        out.record({ object: 'operation-errors', operation: id, errors, reasons, codes })
        return
      }
      out.items(
        reasons,
        [
          { head: 'reason', of: ({ reason }) => reason },
          { head: 'devices', of: ({ count }) => count },
        ],
        'No device has failed.',
      )
      if (codes.length === 0) return
      out.line('')
      out.items(
        codes,
        [
          { head: 'code', of: ({ code }) => code },
          { head: 'devices', of: ({ count }) => count },
          { head: 'what', text: true, of: ({ text }) => text },
          { head: 'what to do', rank: 1, text: true, of: ({ correctiveAction }) => correctiveAction },
        ],
        '',
      )
      if (errors > 0) out.hint(`Which devices: drover operation executions ${id} --result errors`)
    },
  })

  const csv = one('export', 'all its devices with versions, results and times as CSV, once it has ended').option(
    '-o, --out <file>',
    'write there, whole or not at all, instead of to standard output',
  )
  finish(csv, {
    hints: { ...hints, CONFLICT: 'it can be exported once it is Completed or Stopped: drover operation watch ID' },
    run: async (context, { args, options }) => {
      const { out } = options as { readonly out?: string }
      const client = await context.client()
      const answer = await client.exportOperation(args[0] ?? '')
      await save(context, answer, out, { object: 'operation-export', operation: args[0] ?? '' })
    },
  })

  finish(addPaging(one('logs', 'what its devices had logged when they failed')), {
    flags: { after: '--after' },
    hints,
    run: async (context, { args, options }) => {
      const client = await context.client()
      await showList(context, options as unknown as PagingOptions, {
        pageOf: page => client.deviceLogs(args[0] ?? '', page),
        keyOf: ({ id }) => id,
        columns: [
          { head: 'event', of: ({ id }) => id },
          { head: 'device', of: ({ device }) => device },
          { head: 'attempt', rank: 3, of: ({ attempt }) => attempt },
          { head: 'bytes', rank: 2, of: ({ sizeBytes }) => sizeBytes },
          { head: 'whole', rank: 2, of: ({ cut }) => (cut ? 'older lines are gone' : 'yes') },
          { head: 'time', rank: 1, of: ({ at }) => timeOf(at) },
        ],
        whenEmpty: 'No logs. Devices that fail send them in operations made with --log-on-failure.',
      })
    },
  })

  finish(addPaging(one('backups', 'the configurations its devices sent')), {
    flags: { after: '--after' },
    hints,
    run: async (context, { args, options }) => {
      const client = await context.client()
      await showList(context, options as unknown as PagingOptions, {
        pageOf: page => client.backups(args[0] ?? '', page),
        keyOf: ({ device }) => device,
        columns: [
          { head: 'device', of: ({ device }) => device },
          { head: 'version', rank: 4, of: ({ version }) => version },
          { head: 'bytes', rank: 2, of: ({ sizeBytes }) => sizeBytes },
          { head: 'SHA-256', rank: 3, of: ({ sha256 }) => sha256 },
          { head: 'time', rank: 1, of: ({ at }) => timeOf(at) },
        ],
        whenEmpty: 'No configurations. Ask for them with drover operation start --type config-backup.',
      })
    },
  })
}
