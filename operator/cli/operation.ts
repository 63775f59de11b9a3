// drover operation: one thing done to a set of devices, from its start to its summary.
import type { Command } from 'commander'
import type { ExecutionView, OperationRequest, OperationView, PolicyRequest } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { badFlag } from '../errors.ts'
import { readSmallFile } from '../files.ts'
import { gather } from '../gather.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, tellMore } from './paging.ts'
import { uploadedHint } from './releases.ts'
import { each, parsedBy, positive, whole, word } from './values.ts'
import { watchOperation } from './watch.ts'

interface CreateOptions {
  readonly release: string
  readonly device?: readonly string[]
  readonly devicesFile?: string
  readonly all?: boolean
  readonly name?: string
  readonly wait?: boolean
  readonly concurrency?: number | string
  readonly timeoutDays?: number
  readonly stepTimeoutMinutes?: number
  readonly inProgressTimeoutMinutes?: number
  readonly confirmTimeoutMinutes?: number
  readonly stopTimeoutMinutes?: number
}

const operationsHint = 'drover operation list shows which operations there are'
const weekMinutes = 10_080
const states = ['pending', 'in-progress', 'completed', 'failed', 'skipped'] as const
const flagsOfCreate = {
  release: '--release',
  name: '--name',
  targets: '--device',
  body: '--devices-file',
  'policy.concurrency': '--concurrency',
  'policy.timeoutDays': '--timeout-days',
  'policy.stepTimeoutMinutes': '--step-timeout-minutes',
  'policy.inProgressTimeoutMinutes': '--in-progress-timeout-minutes',
  'policy.confirmTimeoutMinutes': '--confirm-timeout-minutes',
  'policy.stopTimeoutMinutes': '--stop-timeout-minutes',
}

export function addOperationCommands(program: Command, finish: Finish): void {
  const operation = program.command('operation').description('updates of many devices under one policy')
  const create = operation
    .command('create')
    .description('start an update of devices to a release')
    .requiredOption('--release <id>', 'release id, or component@version when there is only one')
    .option('--device <id>', 'a device to update; may be given again', each(parsedBy(deviceId)))
    .option('--devices-file <file>', 'devices to update, one id a line; # begins a comment')
    .option('--all', 'all devices that are registered now')
    .option('--concurrency <n>', 'devices in progress at the same time: a number, or a share like 10%', concurrency)
    .option('--name <text>', 'what people see in lists')
    .option('--timeout-days <days>', 'end of the operation, from its first hand-over (default 14)', positive(365))
    .option('--step-timeout-minutes <n>', 'longest silence of a device in progress', whole(1, weekMinutes))
    .option('--in-progress-timeout-minutes <n>', 'longest time in progress', whole(1, 525_600))
    .option('--confirm-timeout-minutes <n>', 'longest wait for the hello after a restart', whole(1, weekMinutes))
    .option('--stop-timeout-minutes <n>', 'what a stop leaves to devices in progress', whole(1, weekMinutes))
    .option('--wait', 'watch it until it has ended')
  finish(create, {
    flags: flagsOfCreate,
    hints: { release: uploadedHint },
    run: (context, call) => runCreate(context, call.options as unknown as CreateOptions),
  })

  finish(addPaging(operation.command('list').description('all operations, newest first')), {
    run: async (context, call) => {
      const { limit, after } = call.options as unknown as PagingOptions
      const client = await context.client()
      const found = await gather(
        limit,
        after,
        ({ id }: OperationView) => id,
        page => client.operations(page),
      )
      context.out.items(found.items, operationColumns, 'No operations yet. Start one with drover operation create.')
      tellMore(context, found, ({ id }) => id)
    },
  })
  const one = (name: string, description: string): Command =>
    operation.command(name).argument('<id>', 'operation id').description(description)
  const hints = { NOT_FOUND: operationsHint, id: operationsHint }
  finish(one('show', 'one operation with its counts'), {
    hints,
    run: async (context, call) => {
      const client = await context.client()
      showOperation(context, await client.operation(call.args[0] ?? ''))
    },
  })
  finish(one('watch', 'follow an operation to its end; exit code 1 when it ended with errors'), {
    hints,
    run: async (context, call) => watchOperation(context, await context.client(), call.args[0] ?? ''),
  })
  finish(one('stop', 'hand over to no more devices; those in progress finish. It cannot be started again'), {
    hints,
    run: async (context, call) => {
      const client = await context.client()
      showOperation(context, await client.stopOperation(call.args[0] ?? ''))
    },
  })
  const executions = addPaging(one('executions', 'one line a device')).option(
    '--state <state>',
    states.join(', '),
    word(states),
  )
  finish(executions, {
    flags: { state: '--state', after: '--after' },
    hints,
    run: async (context, call) => {
      const { limit, after, state } = call.options as unknown as PagingOptions & { readonly state?: string }
      const client = await context.client()
      const found = await gather(
        limit,
        after,
        ({ device }: ExecutionView) => device,
        page => client.executions(call.args[0] ?? '', { ...page, ...(state === undefined ? {} : { state }) }),
      )
      context.out.items(found.items, executionColumns, 'No executions match.')
      tellMore(context, found, ({ device }) => device)
    },
  })
}

async function runCreate(context: CliContext, options: CreateOptions): Promise<number | undefined> {
  const { release, name, wait } = options
  const request: OperationRequest = {
    type: 'firmware-update',
    release,
    targets: await targetsOf(options),
    ...(name === undefined ? {} : { name }),
    policy: policyOf(options),
  }
  const client = await context.client()
  const operation = await client.createOperation(request)
  if (wait !== true) {
    showOperation(context, operation)
    context.out.line(`Its devices are counted now. Follow it: drover operation watch ${operation.id}`, 'quiet')
    return undefined
  }
  context.out.line(`Operation ${operation.id} has begun.`)
  return watchOperation(context, client, operation.id)
}

async function targetsOf({ device = [], devicesFile, all }: CreateOptions): Promise<OperationRequest['targets']> {
  if (all === true) {
    if (device.length > 0 || devicesFile !== undefined)
      throw badFlag('--all', 'cannot stand beside --device or --devices-file; leave one of them out')
    return { all: true }
  }
  const listed = devicesFile === undefined ? [] : await devicesIn(devicesFile)
  const devices = [...new Set([...device, ...listed])]
  if (devices.length === 0)
    throw badFlag(
      '--device',
      devicesFile === undefined
        ? 'name devices with it, with --devices-file, or take --all'
        : `${devicesFile} names no device`,
    )
  const { targetsMax } = await import('../../proto/http-api.ts')
  if (devices.length > targetsMax)
    throw badFlag(
      '--devices-file',
      `${devices.length} devices, expected at most ${targetsMax}; split them, or use --all`,
    )
  return { devices }
}

async function devicesIn(path: string): Promise<readonly string[]> {
  const text = (await readSmallFile(path, '--devices-file', 4 * 1024 * 1024)).toString()
  return text.split(/\r?\n/).flatMap((line, index) => {
    const id = line.replace(/#.*/, '').trim()
    try {
      return id === '' ? [] : [deviceId(id)]
    } catch (cause) {
      throw badFlag('--devices-file', `line ${index + 1} of ${path}: ${(cause as Error).message}`, cause)
    }
  })
}

function policyOf(options: CreateOptions): PolicyRequest {
  const { concurrency, timeoutDays, stepTimeoutMinutes, inProgressTimeoutMinutes } = options
  const { confirmTimeoutMinutes, stopTimeoutMinutes } = options
  const wishes = {
    concurrency,
    timeoutDays,
    stepTimeoutMinutes,
    inProgressTimeoutMinutes,
    confirmTimeoutMinutes,
    stopTimeoutMinutes,
  }
  return Object.fromEntries(Object.entries(wishes).filter(([, wish]) => wish !== undefined))
}

const concurrency = parsedBy((text: string): number | string => {
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) <= 100_000) return Number(text)
  if (/^(100|[1-9]?[0-9])%$/.test(text) && text !== '0%') return text
  throw new RangeError('Expected 1 to 100000, or a share from 1% to 100%.')
})

const operationColumns = [
  { head: 'operation', of: ({ id }: OperationView) => id },
  { head: 'name', of: ({ name }: OperationView) => name },
  { head: 'requested', of: ({ requestedAt }: OperationView) => timeOf(requestedAt) },
  { head: 'completed', of: ({ completedAt }: OperationView) => timeOf(completedAt) },
  { head: 'status', of: ({ updateStatus }: OperationView) => updateStatus },
  { head: 'sensors', of: ({ sensors }: OperationView) => sensors },
  { head: 'updated', of: ({ updated }: OperationView) => updated },
  { head: 'errors', of: ({ errors }: OperationView) => errors },
]
const executionColumns = [
  { head: 'device', of: ({ device }: ExecutionView) => device },
  { head: 'status', of: ({ status }: ExecutionView) => status },
  { head: 'step', of: ({ step }: ExecutionView) => step },
  { head: 'code', of: ({ code, provisional }: ExecutionView) => (code !== null && provisional ? `${code}?` : code) },
  { head: 'from', of: ({ initialVersion }: ExecutionView) => initialVersion },
  { head: 'to', of: ({ updatedVersion }: ExecutionView) => updatedVersion },
  { head: 'ended', of: ({ endedAt }: ExecutionView) => timeOf(endedAt) },
  { head: 'message', of: ({ message }: ExecutionView) => message },
]

function showOperation(context: CliContext, operation: OperationView): void {
  const { counts } = operation
  context.out.item(operation, [
    ['operation', operation.id],
    ['name', operation.name],
    ['release', operation.release],
    ['status', `${operation.updateStatus} (${operation.state})`],
    ['requested', `${timeOf(operation.requestedAt)} by ${operation.createdBy}`],
    ['started', timeOf(operation.startedAt)],
    ['completed', timeOf(operation.completedAt)],
    ...(operation.stoppedBy === null ? [] : [['stopped by', operation.stoppedBy] as const]),
    ['sensors', `${operation.sensors}: ${operation.updated} updated, ${operation.errors} errors`],
    [
      'executions',
      `${counts.pending} pending, ${counts.inProgress} in progress, ${counts.completed} completed, ${counts.failed} failed, ${counts.skipped} skipped`,
    ],
    ['concurrency', operation.policy.concurrency],
    ...operation.codes.map(({ code, count, text }) => [code, `${count}  ${text}`] as const),
  ])
}
