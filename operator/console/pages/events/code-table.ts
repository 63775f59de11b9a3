// What the event codes mean and what to do about them, as the broker tells it. Events carry the text only, so the table is
// asked for when the first page needs it.
import { signal } from '@preact/signals'
import type { EventCodeListing } from '../../../../proto/http-console.ts'
import { get } from '../../state/api.ts'

type EventCode = EventCodeListing['data'][number]

/** By code; empty until it has been fetched. */
export const codeTable = signal<ReadonlyMap<string, EventCode>>(new Map())
let asked = false

/** May be called by every part that shows codes; asked for once, and again after a failure. */
export function loadCodeTable(): void {
  if (asked) return
  asked = true
  get<EventCodeListing>('/v1/event-codes').then(
    ({ data }) => {
      codeTable.value = new Map(data.map(entry => [entry.code, entry]))
    },
    () => {
      // Without it the texts of the events still stand there.
      asked = false
    },
  )
}
