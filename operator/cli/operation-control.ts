// What is said to an operation while it runs, and after it: hold it, judge it, change its limits, take a device out, try
// again what failed.
import type { Command } from 'commander'
import type { OperationEdit } from '../../proto/http-api.ts'
import type { PolicyRequest, Rate } from '../../proto/http-policy.ts'
import type { OperationVerb } from '../client.ts'
import { badFlag } from '../errors.ts'
import type { Call, CommandSpec, Finish } from './command.ts'
import { concurrencyOf, rateOf, windowOf } from './compact-policy.ts'
import type { CliContext } from './context.ts'
import { executionColumns, showOperation } from './operation-view.ts'
import { bytesPerSecondLeast, bytesPerSecondMost, transports } from './policy-flags.ts'
import { each, parsedBy, whole, word } from './values.ts'
import { watchOperation } from './watch.ts'

type Windows = NonNullable<OperationEdit['windows']>
interface EditOptions {
  readonly concurrency?: NonNullable<PolicyRequest['concurrency']>
  readonly rate?: Rate | 'none'
  readonly window?: readonly (Windows[number] | 'none')[]
  readonly transport?: (typeof transports)[number]
  readonly bytesPerSecond?: number | 'none'
}

const verbs: Readonly<Record<Exclude<OperationVerb, 'retry-failed'>, string>> = {
  stop: 'hand over to no more devices; those in progress finish. It cannot be started again',
  pause: 'hand over to no more devices until it is resumed',
  resume: 'go on after a pause, by a person or by a rule',
  approve: 'let it begin: a second person says that it may',
  refuse: 'end it before anything is handed over, instead of approving it',
}

export function addOperationControl(
  one: (name: string, description: string) => Command,
  finish: Finish,
  hints: NonNullable<CommandSpec['hints']>,
): void {
  for (const [verb, description] of Object.entries(verbs))
    finish(one(verb, description), {
      hints,
      run: async (context, { args }) => {
        const client = await context.client()
        showOperation(context, await client.tellOperation(args[0] ?? '', verb as OperationVerb))
      },
    })

  const override = one(
    'override',
    'lift windows and rate in an emergency; by another person than the one who made it',
  ).requiredOption('--reason <text>', 'goes into the audit log')
  finish(override, {
    flags: { reason: '--reason' },
    hints,
    run: async (context, { args, options }) => {
      const client = await context.client()
      showOperation(context, await client.overrideOperation(args[0] ?? '', String(options.reason)))
    },
  })

  const retry = one('retry-failed', 'make a new operation over the devices that failed in an ended one').option(
    '--wait',
    'watch the new one until it has ended; exit code 1 when it ended with errors',
  )
  finish(retry, {
    hints,
    run: async (context, { args, options }) => {
      const client = await context.client()
      const operation = await client.tellOperation(args[0] ?? '', 'retry-failed')
      if (options.wait === true) {
        context.out.line(`Operation ${operation.id} has begun.`)
        return watchOperation(context, client, operation.id)
      }
      showOperation(context, operation)
      return undefined
    },
  })

  const remove = one('remove-device', 'take one device out of an operation').argument('<device>', 'device id')
  finish(remove, {
    flags: { device: '<device>' },
    hints,
    run: async (context, { args: [id = '', device = ''] }) => {
      const client = await context.client()
      await client.removeDevice(id, device)
      // One that is in progress is asked to leave, and ends when it answers.
      context.out.items([await client.execution(id, device)], executionColumns, '')
    },
  })

  const edit = one('edit', 'change the limits of an operation while it runs')
    .option('--concurrency <n>', 'most devices in progress: 500, 25%, or 500/25%', parsedBy(concurrencyOf))
    .option('--rate <rate>', 'most hand-overs a minute, or none to lift the limit', orNone(parsedBy(rateOf)))
    .option(
      '--window <window>',
      'the windows from now on, CRON/MINUTES/ZONE; may be given again; none to lift them',
      each(orNone(parsedBy(windowOf))),
    )
    .option(
      '--transport <way>',
      'auto, pull or broadcast from now on; pull ends a broadcast that is under way',
      word(transports),
    )
    .option(
      '--bytes-per-second <n>',
      'to all its devices together, or none to lift the limit',
      orNone(whole(bytesPerSecondLeast, bytesPerSecondMost)),
    )
  finish(edit, {
    flags: {
      concurrency: '--concurrency',
      rate: '--rate',
      windows: '--window',
      'delivery.transport': '--transport',
      'delivery.bytesPerSecond': '--bytes-per-second',
      body: '--concurrency',
    },
    hints,
    run: (context, { args, options }) => runEdit(context, args[0] ?? '', options),
  })
}

async function runEdit(context: CliContext, id: string, options: Call['options']): Promise<void> {
  const { concurrency, rate, window, transport, bytesPerSecond } = options as EditOptions
  const windows = window?.filter(one => one !== 'none')
  if (windows !== undefined && windows.length > 0 && windows.length < (window ?? []).length)
    throw badFlag('--window', 'none cannot stand beside a window; leave one of them out')
  const delivery = {
    ...(transport === undefined ? {} : { transport }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond: bytesPerSecond === 'none' ? null : bytesPerSecond }),
  }
  const delivers = Object.keys(delivery).length > 0
  if (concurrency === undefined && rate === undefined && windows === undefined && !delivers)
    throw badFlag('--concurrency', 'nothing to change: give it, --rate, --window, --transport or --bytes-per-second')
  const edit: OperationEdit = {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(rate === undefined ? {} : { rate: rate === 'none' ? null : rate }),
    ...(windows === undefined ? {} : { windows }),
    ...(delivers ? { delivery } : {}),
  }
  const client = await context.client()
  showOperation(context, await client.editOperation(id, edit))
}

function orNone<T>(parse: (text: string) => T): (text: string) => T | 'none' {
  return text => (text === 'none' ? 'none' : parse(text))
}
