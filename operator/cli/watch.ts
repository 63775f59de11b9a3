// Follows an operation to its end: a bar on a terminal, a line per change elsewhere, a JSON line per change for programs,
// then the summary by code with what to do about it. Changes come by the broker's stream; now and then it is asked all the
// same, and without a stream it is asked often. A broker that is away for a while is waited for.
import type { OperationView } from '../../proto/http-api.ts'
import type { OperatorClient } from '../client.ts'
import { ServerFailed } from '../errors.ts'
import type { CliContext } from './context.ts'
import { LiveOperation } from './live-operation.ts'
import { startBar } from './progress.ts'
import { throughputText, transferText } from './transfer-view.ts'

const intervalLeastMs = 500
const intervalMostMs = 5_000
/** While changes come by themselves. */
const besideStreamMs = 15_000
const failuresMax = 12
/** Nobody in progress for so long is worth a word. */
const idleMs = 5_000
const endedStates = ['completed', 'stopped']

/** Resolves to 0, or to 1 when the operation ended with errors. Throws what the client throws. */
export async function watchOperation(context: CliContext, client: OperatorClient, id: string): Promise<number> {
  const { out, world } = context
  let bar = startBar(context, 'in progress', 100)
  const showsBar = world.stderr.isTTY === true && world.env.TERM !== 'dumb' && !out.json
  let before = ''
  let intervalMs = intervalLeastMs
  let changedAt = world.clock.now()
  let idleTold = false
  let live: LiveOperation | undefined
  try {
    let operation = await patiently(context, () => client.operation(id))
    live = new LiveOperation(client, id, world)
    for (;;) {
      // How fast it goes is no change: it would be one each time.
      const now = JSON.stringify({ ...operation, throughput: null })
      if (showsBar) bar.update(percentOf(operation), countsOf(operation))
      intervalMs = now === before ? Math.min(intervalMs * 1.5, intervalMostMs) : intervalLeastMs
      if (now !== before) {
        if (out.json) out.record(operation)
        else if (!showsBar) out.line(`${operation.updateStatus}  ${percentOf(operation)}%  ${countsOf(operation)}`)
        changedAt = world.clock.now()
      } else if (!idleTold && isIdle(operation) && world.clock.now() - changedAt >= idleMs) {
        idleTold = true
        if (!out.json) {
          bar.stop()
          out.hint(idleHint)
          bar = startBar(context, 'in progress', 100)
          bar.update(percentOf(operation), countsOf(operation))
        }
      }
      before = now
      if (endedStates.includes(operation.state)) {
        bar.stop()
        summarize(context, operation)
        return operation.errors > 0 ? 1 : 0
      }
      const pauseMs = !live.connected ? intervalMs : idleTold ? besideStreamMs : idleMs
      operation = (await live.next(pauseMs)) ?? (await patiently(context, () => client.operation(id)))
    }
  } catch (error) {
    bar.stop()
    if (world.signal.aborted) out.hint(`The operation goes on without you: drover operation watch ${id}`)
    throw error
  } finally {
    bar.stop()
    await live?.close()
  }
}

const idleHint =
  'Nobody is in progress: a pending device gets its offer when it connects and is in no other operation. ' +
  'Who is online: drover devices list'

function isIdle({ counts }: OperationView): boolean {
  return counts.pending > 0 && counts.inProgress === 0
}

/** Asks again, up to a minute or so, while the broker fails or is away. */
async function patiently<T>({ out, world }: CliContext, ask: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await ask()
    } catch (error) {
      const mayPass = error instanceof ServerFailed && error.code !== 'UNEXPECTED_ANSWER'
      if (!mayPass || failures >= failuresMax) throw error
      if (failures === 1 && !out.json) out.hint(`Waiting: ${error.message}.`)
      await world.clock.sleep(Math.min(intervalLeastMs * failures, intervalMostMs), world.signal)
    }
  }
}

function percentOf({ counts }: OperationView): number {
  const ended = counts.completed + counts.failed + counts.skipped
  const all = ended + counts.pending + counts.inProgress
  return all === 0 ? 0 : Math.floor((ended / all) * 100)
}

function countsOf(operation: OperationView): string {
  const { sensors, updated, errors, counts } = operation
  const speed = throughputText(operation)
  return [
    `${updated} updated, ${errors} errors, ${counts.inProgress} in progress, ${counts.pending} pending of ${sensors}`,
    ...(speed === undefined ? [] : [speed]),
  ].join(', ')
}

function summarize({ out }: CliContext, operation: OperationView): void {
  if (out.json) return
  const { updateStatus, sensors, updated, errors, codes, id, transfer } = operation
  out.line(`${updateStatus}: ${updated} updated, ${errors} errors, of ${sensors} sensors.`, errors > 0 ? 'bad' : 'good')
  if (transfer !== null) out.line(`The devices were ${transferText(transfer)}.`)
  out.items(
    codes,
    [
      { head: 'code', of: ({ code }) => code },
      { head: 'devices', of: ({ count }) => count },
      { head: 'what', text: true, of: ({ text }) => text },
      { head: 'what to do', rank: 1, text: true, of: ({ correctiveAction }) => correctiveAction },
    ],
    'No device has ended with a code.',
  )
  if (errors > 0) out.hint(`Which devices: drover operation executions ${id} --result errors`)
}
