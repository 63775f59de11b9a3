// Devices that pull, in a process of their own: bare sockets that ask for a window of chunks, count the packets that come
// and ask for the next one. Several groups, one a side.

import { PullerGroup, type PullerOrders } from './puller-group.ts'
import { answerTo } from './worker.ts'

const groups = new Map<string, PullerGroup>()

function groupOf(name: string): PullerGroup {
  const group = groups.get(name)
  if (group === undefined) throw new Error(`no such group: ${name}`)
  return group
}

const verbs = {
  /** Resolves when all are connected and subscribed. */
  async connect({ group, ...orders }: PullerOrders & { readonly group: string }): Promise<void> {
    groups.set(group, await PullerGroup.open(orders))
  },
  /** Asks for windows until the time is over; resolves when everything asked for has come. */
  pullFor({ group, seconds }: { readonly group: string; readonly seconds: number }) {
    return groupOf(group).pull({ seconds })
  },
  /** Each device asks for so many windows. */
  pullWindows({ group, windows }: { readonly group: string; readonly windows: number }) {
    return groupOf(group).pull({ windows })
  },
  /** Each asks once for `windows` windows at once; resolves when it has been said, whatever comes. */
  nag({ group, windows }: { readonly group: string; readonly windows: number }): void {
    groupOf(group).nag(windows)
  },
  hold({ group }: { readonly group: string }): void {
    groupOf(group).hold()
  },
  release({ group }: { readonly group: string }): void {
    groupOf(group).release()
  },
  disconnect({ group }: { readonly group: string }): void {
    groupOf(group).close()
    groups.delete(group)
  },
}
export type PullerVerbs = typeof verbs

answerTo(verbs)
