// The audit chain, for people and for the file that is verified elsewhere.
import type { AuditHead, AuditView } from '../../proto/http-admin.ts'
import type { Listing } from '../../proto/http-api.ts'
import type { AuditVerification } from '../../proto/http-console.ts'
import { operationId } from '../../proto/ids.ts'
import type { AuditRecord } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { Store } from '../ports.ts'
import { auditView, listing } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId, parsedPage } from './parsing.ts'
import type { UseCases } from './use-cases.ts'

export function auditUseCases({
  store,
  reports,
}: Pick<Dependencies, 'store' | 'reports'>): Pick<
  UseCases,
  'listAudit' | 'auditHead' | 'auditVerification' | 'exportAudit'
> {
  return {
    async listAudit(by, request): Promise<Listing<AuditView>> {
      requireRole(by, 'viewer')
      const { limit, after } = parsedPage(request, recordNumber)
      const operation =
        request.operation === undefined ? undefined : parsedId(operationId, request.operation, 'operation')
      const found = await store.audit({
        limit,
        order: request.order ?? 'DESC',
        ...(after === undefined ? {} : { after }),
        ...(operation === undefined ? {} : { operation }),
      })
      return listing(found, auditView, { limit, ...(request.after === undefined ? {} : { after: request.after }) })
    },

    async auditHead(by): Promise<AuditHead> {
      requireRole(by, 'viewer')
      return { ...store.auditHead() }
    },

    async auditVerification(by): Promise<AuditVerification> {
      requireRole(by, 'viewer')
      return reports.auditCheck.verification()
    },

    async exportAudit(by, { from = 1 }): Promise<AsyncIterable<AuditRecord>> {
      requireRole(by, 'admin')
      if (!Number.isSafeInteger(from) || from < 1)
        throw new RequestRefused('INVALID', 'from: expected a record number, from 1', [
          { name: 'from', message: 'expected a record number, from 1' },
        ])
      return recordsFrom(store, from, store.auditHead().number)
    },
  }
}

/** Up to the head as it was when the export was asked for: the chain grows meanwhile. */
async function* recordsFrom(store: Store, from: number, to: number): AsyncIterable<AuditRecord> {
  for (let after = from - 1; after < to; ) {
    const { items } = await store.audit({ after, order: 'ASC', limit: 500 })
    if (items.length === 0) return
    for (const record of items) {
      if (record.number > to) return
      yield record
      after = record.number
    }
  }
}

function recordNumber(text: string): number {
  if (!/^[1-9][0-9]{0,15}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new RangeError(`expected a record number, got ${JSON.stringify(text).slice(0, 40)}`)
  return Number(text)
}
