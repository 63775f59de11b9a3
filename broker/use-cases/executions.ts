// What became of each device in an operation: pages, one of them, why it waits, and the file of results.
import type { BackupView, ExecutionView, Explanation, Listing } from '../../proto/http-api.ts'
import { deviceId, operationId } from '../../proto/ids.ts'
import { isEnded } from '../core/operation.ts'
import type { Execution, ExecutionState, Operation } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { ExecutionResult, Page, Store } from '../ports.ts'
import { backupView, executionView, listing } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { storedOperation } from './operations.ts'
import { parsedId, parsedPage } from './parsing.ts'
import type { UseCases } from './use-cases.ts'

const states: readonly ExecutionState[] = ['pending', 'in-progress', 'completed', 'failed', 'skipped']
const results: readonly ExecutionResult[] = ['updated', 'errors']

export function executionUseCases({
  store,
  orchestrator,
  csv,
}: Dependencies): Pick<
  UseCases,
  'listExecutions' | 'showExecution' | 'explainDevice' | 'exportOperation' | 'listBackups' | 'readBackup'
> {
  const stored = async (text: string, device: string): Promise<Execution> => {
    const { id } = await storedOperation(store, text)
    const target = parsedId(deviceId, device, 'device')
    const execution = await store.execution(id, target)
    if (execution === undefined) throw new RequestRefused('NOT_FOUND', `${target} is no target of operation ${id}`)
    return execution
  }
  return {
    async listExecutions(by, text, request): Promise<Listing<ExecutionView>> {
      requireRole(by, 'viewer')
      const { id } = await storedOperation(store, text)
      const page = parsedPage(request, deviceId)
      if (request.result !== undefined) {
        if (request.state !== undefined) throw invalid('result', 'give either state or result')
        const result = wordOf(results, request.result, 'result')
        return listing(await store.executionsByResult(id, { ...page, result }), executionView, page)
      }
      const state = request.state === undefined ? {} : { state: wordOf(states, request.state, 'state') }
      return listing(await store.executions(id, { ...page, ...state }), executionView, page)
    },

    async showExecution(by, text, device): Promise<ExecutionView> {
      requireRole(by, 'viewer')
      return executionView(await stored(text, device))
    },

    async explainDevice(by, text, device): Promise<Explanation> {
      requireRole(by, 'viewer')
      const execution = await stored(text, device)
      const [operation, known] = await Promise.all([storedOperation(store, text), store.device(execution.device)])
      const { rule, message, data } = await orchestrator.explain(operation, execution, known)
      return { operation: operation.id, device: execution.device, state: execution.state, rule, message, data }
    },

    async exportOperation(by, text): Promise<AsyncIterable<Uint8Array>> {
      requireRole(by, 'viewer')
      const operation = await storedOperation(store, text)
      if (!isEnded(operation))
        throw new RequestRefused(
          'CONFLICT',
          `operation ${operation.id} is ${operation.state}: results are exported when it is completed or stopped`,
        )
      return csv.write(exportHeader, exportRows(store, operation))
    },

    async listBackups(by, text, request): Promise<Listing<BackupView>> {
      requireRole(by, 'viewer')
      const { id } = await storedOperation(store, text)
      const page = parsedPage(request, deviceId)
      return listing(await store.backups(id, page), backupView, page)
    },

    async readBackup(by, text, device): Promise<{ view: BackupView; content: Uint8Array }> {
      // Configurations hold secrets.
      requireRole(by, 'operator')
      const id = parsedId(operationId, text, 'id')
      const target = parsedId(deviceId, device, 'device')
      const backup = await store.backup(id, target)
      const content = backup && (await store.backupContent(backup.sha256))
      if (backup === undefined || content === undefined)
        throw new RequestRefused('NOT_FOUND', `${target} has sent no configuration in operation ${id}`)
      return { view: backupView(backup), content }
    },
  }
}

const exportHeader = [
  'device_id',
  'initial_version',
  'updated_version',
  'status',
  'code',
  'reason',
  'message',
  'attempts',
  'requested_at',
  'started_at',
  'completed_at',
  'added_at',
  'handed_over_at',
  'ended_at',
  'format',
]

async function* exportRows(store: Store, operation: Operation): AsyncIterable<readonly (string | null)[]> {
  const time = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())
  const ofOperation = [operation.requestedAt, operation.startedAt, operation.completedAt].map(time)
  let after: Execution | undefined
  for (let more = true; more; ) {
    const page: Page<Execution> = await store.executions(operation.id, {
      limit: 500,
      ...(after === undefined ? {} : { after: after.device }),
    })
    for (const execution of page.items) {
      const view = executionView(execution)
      yield [
        view.device,
        view.initialVersion,
        view.updatedVersion,
        view.status,
        view.code,
        view.reason,
        view.message,
        String(view.attempt),
        ...ofOperation,
        view.addedAt,
        view.handedOverAt,
        view.endedAt,
        view.format,
      ]
    }
    after = page.items.at(-1)
    more = page.hasMore
  }
}

function wordOf<Word extends string>(words: readonly Word[], text: string, field: string): Word {
  const found = words.find(word => word === text)
  if (found === undefined) throw invalid(field, `expected one of ${words.join(', ')}`)
  return found
}

function invalid(name: string, message: string): RequestRefused {
  return new RequestRefused('INVALID', `${name}: ${message}`, [{ name, message }])
}
