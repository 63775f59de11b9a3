// What was promised to devices and people: acknowledged is durable and stays so, each event is stored once, nothing is
// sent before it is saved, and everything ends.
import { isStored } from '../../broker/core/device.ts'
import type { AuditRecord } from '../../broker/core/records.ts'
import type { Store } from '../../broker/ports.ts'
import { type AuditHead, type AuditLine, AuditVerifier, auditText, chained, firstAuditHash } from '../../proto/audit.ts'
import type { DeviceId } from '../../proto/ids.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import { type CheckerOf, type ExecutionStep, isEnded, nameOf } from './checker.ts'

export const acknowledged: CheckerOf = report => {
  const stored = new Map<string, number>()
  const told = new Map<string, DeviceId>()
  const answers = new Set<string>()
  const answered = new Set<string>()
  const journals = new Map<DeviceId, Parameters<typeof isStored>[0]>()
  return {
    name: 'acknowledged',
    committed({ changes }) {
      for (const change of changes) {
        if (change.kind === 'put-answer') {
          if (answers.has(change.answer.requestId)) report(`request ${change.answer.requestId} was carried out twice`)
          answers.add(change.answer.requestId)
        }
        if (change.kind === 'put-device') journals.set(change.device.id, change.device.journals)
        if (change.kind === 'put-journals') journals.set(change.device, change.journals)
        if (change.kind !== 'append-event' || change.event.source === undefined) continue
        const key = keyOf(change.event.device, change.event.source)
        const count = (stored.get(key) ?? 0) + 1
        stored.set(key, count)
        if (count > 1) report(`event ${key} is stored ${count} times`)
      }
    },
    acknowledged(device, event) {
      const key = keyOf(device, event)
      if (event.content.kind === 'code') {
        told.set(key, device)
        if (!stored.has(key)) report(`event ${key} (${event.content.code}) was acknowledged and is not durable`)
      } else if (!isStored(journals.get(device) ?? [], event.journalId, event.eventNumber))
        report(`event ${key} (${event.content.step}) was acknowledged and is not durable`)
    },
    answered(requestId) {
      answered.add(requestId)
      if (!answers.has(requestId)) report(`request ${requestId} was answered and is not durable`)
    },
    async ended({ contents }) {
      const found = new Map<string, number>()
      for (const device of new Set(told.values()))
        for await (const event of eventsOf(contents, device)) {
          const key = event.source === undefined ? undefined : keyOf(device, event.source)
          if (key !== undefined) found.set(key, (found.get(key) ?? 0) + 1)
        }
      for (const key of told.keys())
        if (found.get(key) !== 1) report(`event ${key} was acknowledged and is stored ${found.get(key) ?? 0} times`)
      const items = await auditOf(contents)
      const audited = new Set(items.map(({ requestId }) => requestId))
      for (const requestId of answered) if (!audited.has(requestId)) report(`request ${requestId} is not in the audit`)
    },
  }
}

/** Save, then act: what a device is told stands in the records already, under the lease they name. */
export const delivery: CheckerOf = report => {
  const last = new Map<string, ExecutionStep>()
  return {
    name: 'delivery',
    committed({ executions }) {
      for (const step of executions) last.set(`${step.after.operation} ${step.after.device}`, step)
    },
    sent({ device, message }, ledger) {
      const name = `${message.kind} to ${nameOf(message.operation, device)}`
      const operation = ledger.operations.get(message.operation)
      const step = last.get(`${message.operation} ${device}`)
      if (operation === undefined || step === undefined) {
        report(`${name} sent, and no record of it`)
        return
      }
      if (message.lease !== operation.lease)
        report(`${name} sent under lease ${message.lease}, the records say ${operation.lease}`)
      // A repetition may leave while the end of the execution is written and not yet known.
      const fits = [step.after, step.before].some(
        execution =>
          execution?.state === 'in-progress' && (message.kind === 'withdraw' || execution.attempt === message.attempt),
      )
      // Who waits for the go of what has ended is told that none will come.
      if (message.kind === 'withdraw' && message.reason === 'ended' && step.after.code !== undefined) return
      if (!fits) report(`${name} sent, it is ${step.after.state} in attempt ${step.after.attempt}`)
    },
    heard({ device, message, onClosed }) {
      if (onClosed) report(`${message.kind} for ${nameOf(message.operation, device)} came by a closed connection`)
    },
  }
}

/** Every operation ends, with all that is written of it. */
export const liveness: CheckerOf = report => ({
  name: 'liveness',
  async ended({ ledger, contents }) {
    for (const operation of ledger.operations.values()) {
      const { id, state, counts, sweep, lease, pause } = operation
      if (!isEnded(operation))
        report(`${nameOf(id)} is still ${state}: ${JSON.stringify({ counts, sweep, lease, pause })}`)
      const stored = await contents.operation(id)
      if (stored?.state !== state) report(`${nameOf(id)} was ${state} when it was written, it is ${stored?.state}`)
      if (operation.completedAt === undefined && isEnded(operation)) report(`${nameOf(id)} ended at no time`)
    }
  },
})

/** The audit is one unbroken chain of what was committed, no more and no less. */
export const auditChain: CheckerOf = report => ({
  name: 'audit-chain',
  async ended({ contents, ledger }) {
    const items = await auditOf(contents)
    let head: AuditHead = { number: 0, hash: firstAuditHash }
    for (const entry of ledger.audits) {
      head = chained(entry, head)
      if (items[head.number - 1]?.hash === head.hash) continue
      report(`record ${head.number}, ${entry.action} of ${entry.subject}, is not stored as it was committed`)
      break
    }
    if (items.length > ledger.audits.length) report(`${items.length - ledger.audits.length} records nobody committed`)
    const verifier = new AuditVerifier()
    for (const record of items) verifier.add(auditText(record as unknown as AuditLine))
    const { number = 0, hash = firstAuditHash } = items.at(-1) ?? {}
    verifier.add(auditText({ head: { number, hash } }))
    const verdict = verifier.finish(contents.auditHead())
    if (!verdict.intact) report(verdict.message)
  },
})

/** The engine does what it sets out to do: no task of its own fails for another reason than the disk. */
export const errors: CheckerOf = report => ({ name: 'errors', erred: report })

async function auditOf(contents: Store): Promise<readonly AuditRecord[]> {
  const all: AuditRecord[] = []
  for (;;) {
    const after = all.at(-1)?.number
    const { items, hasMore } = await contents.audit({
      order: 'ASC',
      limit: 1000,
      ...(after === undefined ? {} : { after }),
    })
    all.push(...items)
    if (!hasMore || items.length === 0) return all
  }
}

async function* eventsOf(contents: Store, device: DeviceId) {
  let after: { readonly after?: Parameters<typeof contents.event>[0] } = {}
  for (;;) {
    const page = await contents.events({ device, order: 'ASC', limit: 1000, ...after })
    yield* page.items
    if (!page.hasMore || page.next === undefined) return
    after = { after: page.next }
  }
}

function keyOf(device: DeviceId, source: Pick<DeviceEvent, 'journalId' | 'eventNumber'>): string {
  return `${device}/${source.journalId.slice(0, 4)}/${source.eventNumber}`
}
