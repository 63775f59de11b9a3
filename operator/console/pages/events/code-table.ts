// The documented codes with what they mean and what to do about them. Events carry the text only, so the table comes from
// the contract, in a file of its own that is fetched when the first page needs it.
import { signal } from '@preact/signals'
import type { EventCodeEntry } from '../../../../proto/event-codes.ts'

export type CodeTable = Readonly<Record<string, EventCodeEntry>>

/** Empty until it has been fetched. */
export const codeTable = signal<CodeTable>({})
let asked = false

/** May be called by every part that shows codes; fetched once, and again after a failure. */
export function loadCodeTable(): void {
  if (asked) return
  asked = true
  import('../../../../proto/event-codes.ts').then(
    ({ eventCodes }) => {
      codeTable.value = eventCodes
    },
    () => {
      // Without it the texts of the events still stand there.
      asked = false
    },
  )
}

/** What to do about a failure; undefined when it is none, or nothing is known to do. */
export function correctiveActionOf(table: CodeTable, code: string): string | undefined {
  const entry = table[code]
  return entry === undefined || entry.correctiveAction === 'None.' ? undefined : entry.correctiveAction
}
