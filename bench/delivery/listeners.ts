// Subscribers of a broadcast, in a process of their own: bare sockets that count what comes. One of them more publishes,
// where the publisher is outside of the broker.
import { ListenerGroup, type ListenerOrders } from './listener-group.ts'
import { answerTo } from './worker.ts'

const groups = new Map<string, ListenerGroup>()

function groupOf(name: string): ListenerGroup {
  const group = groups.get(name)
  if (group === undefined) throw new Error(`no such group: ${name}`)
  return group
}

const verbs = {
  /** Resolves when all are connected. */
  async connect({ group, ...orders }: ListenerOrders & { readonly group: string }): Promise<void> {
    groups.set(group, await ListenerGroup.open(orders))
  },
  /** Resolves when all have their SUBACK. */
  subscribe: ({ group, topics }: { readonly group: string; readonly topics: readonly string[] }) =>
    groupOf(group).subscribe(topics),
  /** Chunks heard since it was asked last, and the bytes of their packets' bodies. */
  heard: ({ group }: { readonly group: string }) => groupOf(group).heard(),
  /** Resolves when so many bytes of bodies were heard since `heard`, or so many packets, each by all together. */
  until: ({ group, ...wanted }: { readonly group: string; readonly packets: number; readonly small: number }) =>
    groupOf(group).until(wanted),
  /** So many chunks by a client of the broker; each only when all have heard the one `ahead` before it. */
  publish: ({
    group,
    ...order
  }: {
    readonly group: string
    readonly topic: string
    readonly chunks: number
    readonly chunkBytes: number
    readonly ahead: number
  }) => groupOf(group).publish(order),
}
export type ListenerVerbs = typeof verbs

answerTo(verbs)
