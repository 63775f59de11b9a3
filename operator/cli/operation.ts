// drover operation: one thing done to a set of devices, from its start to its summary. What is said to an operation is in
// operation-control.ts, what it leaves behind in operation-results.ts.
import type { Command } from 'commander'
import { type OperationStatus, type UpdateStatus, updateStatuses } from '../../proto/http-console.ts'
import { principalName } from '../../proto/ids.ts'
import type { Finish } from './command.ts'
import { addOperationControl } from './operation-control.ts'
import { addOperationResults } from './operation-results.ts'
import { addOperationStart } from './operation-start.ts'
import { operationColumns, showOperation } from './operation-view.ts'
import { operationTypes } from './operation-work.ts'
import { addPaging, type PagingOptions, showList } from './paging.ts'
import { parsedBy, word } from './values.ts'
import { watchOperation } from './watch.ts'

const operationsHint = 'drover operation list shows which operations there are'
/** Of every command about one operation. */
export const operationHints = { NOT_FOUND: operationsHint, id: operationsHint }

/** The words of the table, and those of the operations page that say more. */
const statuses = [...updateStatuses, 'Running', 'Failed', 'Cancelled'] as const
type Status = (typeof statuses)[number]
interface ListWishes {
  readonly type?: string
  readonly status?: Status
  readonly createdBy?: string
  readonly release?: string
}
/** Capital letters do not matter. */
const statusWord = Object.assign(
  (text: string): Status =>
    word(statuses)(statuses.find(status => status.toLowerCase() === text.toLowerCase()) ?? text),
  { words: statuses },
)

export function addOperationCommands(program: Command, finish: Finish): void {
  const operation = program
    .command('operation')
    .alias('operations')
    .description('work on many devices under one policy')
  operation.commandsGroup('To start and follow one:')
  addOperationStart(operation, finish)
  const list = addPaging(operation.command('list').description('operations, newest first'))
    .option('--type <type>', `only of this type: ${operationTypes.join(', ')}, or of a plugin`)
    .option('--status <status>', `only ${statuses.join(', ')}`, statusWord)
    .option('--created-by <name>', 'only those that this principal made', parsedBy(principalName))
    .option('--release <id>', 'only those of this release: its id, or component@version')
  finish(list, {
    flags: {
      after: '--after',
      type: '--type',
      status: '--status',
      updateStatus: '--status',
      createdBy: '--created-by',
      release: '--release',
    },
    run: async (context, call) => {
      const { status, ...wishes } = call.options as unknown as PagingOptions & ListWishes
      const { type, createdBy, release, ...paging } = wishes
      const filter = {
        ...(type === undefined ? {} : { type }),
        ...(createdBy === undefined ? {} : { createdBy }),
        ...(release === undefined ? {} : { release }),
        ...(status === undefined ? {} : conditionOf(status)),
      }
      const client = await context.client()
      await showList(context, paging, {
        pageOf: page => client.operations({ ...page, ...filter }),
        keyOf: ({ id }) => id,
        columns: operationColumns,
        whenEmpty:
          Object.keys(filter).length === 0
            ? 'No operations yet. Start one with drover operation start.'
            : 'No operations match.',
      })
    },
  })
  const one = (name: string, description: string): Command =>
    operation.command(name).argument('<id>', 'operation id').description(description)
  finish(one('show', 'one operation with its counts'), {
    hints: operationHints,
    run: async (context, call) => {
      const client = await context.client()
      showOperation(context, await client.operation(call.args[0] ?? ''))
    },
  })
  finish(one('watch', 'follow an operation to its end; exit code 1 when it ended with errors'), {
    hints: operationHints,
    run: async (context, call) => watchOperation(context, await context.client(), call.args[0] ?? ''),
  })
  operation.commandsGroup('While it runs:')
  addOperationControl(one, finish, operationHints)
  operation.commandsGroup('What came of it:')
  addOperationResults(one, finish, operationHints)
}

function conditionOf(status: Status): { readonly updateStatus: UpdateStatus } | { readonly status: OperationStatus } {
  const updateStatus = updateStatuses.find(known => known === status)
  return updateStatus === undefined ? { status: status as OperationStatus } : { updateStatus }
}
