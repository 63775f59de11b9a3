// drover operation: one thing done to a set of devices, from its start to its summary. What is said to an operation is in
// operation-control.ts, what it leaves behind in operation-results.ts.
import type { Command } from 'commander'
import type { Finish } from './command.ts'
import { addOperationControl } from './operation-control.ts'
import { addOperationResults } from './operation-results.ts'
import { addOperationStart } from './operation-start.ts'
import { operationColumns, showOperation } from './operation-view.ts'
import { addPaging, type PagingOptions, showList } from './paging.ts'
import { watchOperation } from './watch.ts'

const operationsHint = 'drover operation list shows which operations there are'
/** Of every command about one operation. */
export const operationHints = { NOT_FOUND: operationsHint, id: operationsHint }

export function addOperationCommands(program: Command, finish: Finish): void {
  const operation = program.command('operation').description('work on many devices under one policy')
  addOperationStart(operation, finish)
  finish(addPaging(operation.command('list').description('all operations, newest first')), {
    flags: { after: '--after' },
    run: async (context, call) => {
      const client = await context.client()
      await showList(context, call.options as unknown as PagingOptions, {
        pageOf: page => client.operations(page),
        keyOf: ({ id }) => id,
        columns: operationColumns,
        whenEmpty: 'No operations yet. Start one with drover operation create.',
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
  addOperationControl(one, finish, operationHints)
  addOperationResults(one, finish, operationHints)
}
