// What operations were to one device. No index leads from a device to its ended executions: operations are gone through,
// newest first, and the execution of the device is looked up in each; so nothing is missed when events are forgotten, and
// a device of few operations among many gets short pages.
import type { DeviceOperationView } from '../../proto/http-console.ts'
import { deviceId, isOperationType, operationId } from '../../proto/ids.ts'
import type { Execution, Operation } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import { executionView, listing, operationView } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId, parsedPage } from './parsing.ts'
import { shortPage } from './short-page.ts'
import type { UseCases } from './use-cases.ts'

/** Operations one page may look at. */
const rowsMax = 2000
const typesMax = 8

interface Part {
  readonly operation: Operation
  readonly execution: Execution
}

export function deviceOperationUseCases({
  store,
}: Pick<Dependencies, 'store'>): Pick<UseCases, 'listDeviceOperations'> {
  return {
    async listDeviceOperations(by, text, request) {
      requireRole(by, 'viewer')
      const device = parsedId(deviceId, text, 'id')
      const page = parsedPage(request, operationId)
      const types = request.type === undefined ? undefined : typesOf(request.type)
      const partOf = async (operation: Operation): Promise<Part | undefined> => {
        if (types?.has(operation.type) === false) return undefined
        const execution = await store.execution(operation.id, device)
        return execution === undefined ? undefined : { operation, execution }
      }
      const found = await shortPage(
        async position => {
          const { items, hasMore } = await store.operations(position)
          // Together: the store reads them at once.
          const parts = await Promise.all(items.map(partOf))
          return { items: items.map(({ id }, index) => ({ id, item: parts[index] })), hasMore }
        },
        page,
        rowsMax,
      )
      return { ...listing(found, partView, page), ...(found.next === undefined ? {} : { next: found.next }) }
    },
  }
}

function partView({ operation, execution }: Part): DeviceOperationView {
  const { id, name, type, typeName, state, component, targetVersion, createdBy, requestedAt } = operationView(operation)
  return {
    operation: { id, name, type, typeName, state, component, targetVersion, createdBy, requestedAt },
    execution: executionView(execution),
  }
}

function typesOf(text: string): ReadonlySet<string> {
  const types = text.split(',')
  if (types.length <= typesMax && types.every(isOperationType)) return new Set(types)
  const message = `expected 1 to ${typesMax} operation types joined with commas`
  throw new RequestRefused('INVALID', `type: ${message}`, [{ name: 'type', message }])
}
