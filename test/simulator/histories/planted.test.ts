// The checkers can fail: each row plants one mistake in a port, and a checker that has a name sees it within a few seeds.
import t from 'tap'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import type { AuditRecord, Execution } from '../../../broker/core/records.ts'
import type { Change, Clock, Store } from '../../../broker/ports.ts'
import { type HistoryOptions, history } from '../../../simulator/histories/history.ts'
import type { Patch } from '../../../simulator/world/broker.ts'
import { patched } from '../../../simulator/world/disk.ts'

const seedsMax = 40
const dayMs = 86_400_000

const withStore =
  (methods: (store: Store) => Partial<Store>): Patch =>
  ports => ({ ...ports, store: patched(ports.store, methods(ports.store)) })

const withCommit = (
  change: (changes: readonly Change[], commit: Store['commit']) => ReturnType<Store['commit']>,
): Patch => withStore(store => ({ commit: changes => change(changes, all => store.commit(all)) }))

const withClock =
  (methods: (clock: Clock, trueMs: () => number) => Partial<Clock>): Patch =>
  (ports, { clock }) => ({
    ...ports,
    clock: patched(
      ports.clock,
      methods(ports.clock, () => clock.trueMs),
    ),
  })

/** Every n-th call gives true. */
function everyNth(n: number): () => boolean {
  let count = 0
  return () => {
    count += 1
    return count % n === 0
  }
}

const keyOf = ({ operation, device }: Pick<Execution, 'operation' | 'device'>): string => `${operation}/${device}`

/** What was written last is not seen yet. */
function oneWriteAgo(store: Store): Partial<Store> {
  const last = new Map<string, Execution>()
  const before = new Map<string, Execution>()
  return {
    async commit(changes) {
      const events = await store.commit(changes)
      for (const change of changes) {
        if (change.kind !== 'put-execution') continue
        const key = keyOf(change.execution)
        const was = last.get(key)
        if (was !== undefined) before.set(key, was)
        last.set(key, change.execution)
      }
      return events
    },
    execution: async (operation, device) =>
      before.get(keyOf({ operation, device })) ?? (await store.execution(operation, device)),
  }
}

/** With an ending, what was before it is written again. */
function bringingBack(store: Store): Partial<Store> {
  const last = new Map<string, Execution>()
  return {
    commit(changes) {
      const back = changes.flatMap(change => {
        if (change.kind !== 'put-execution') return []
        const { execution } = change
        const was = last.get(keyOf(execution))
        last.set(keyOf(execution), execution)
        return was === undefined || execution.code === undefined
          ? []
          : [{ kind: 'put-execution', execution: was, previous: execution.state } as const]
      })
      return store.commit([...changes, ...back])
    },
  }
}

/** A disk without the check that an execution was what its writer takes it for. */
function believing(): Store {
  const store = new MemoryStore()
  const states = new Map<string, Execution['state']>()
  return patched<Store>(store, {
    commit: changes =>
      store.commit(
        changes.map(change => {
          if (change.kind !== 'put-execution') return change
          const { previous: _, ...rest } = change
          const previous = states.get(keyOf(rest.execution))
          states.set(keyOf(rest.execution), rest.execution.state)
          return previous === undefined ? rest : { ...rest, previous }
        }),
      ),
  })
}

/** A disk that gives another audit than was written. */
function rotten(read: (record: AuditRecord) => readonly AuditRecord[]): Store {
  const store = new MemoryStore()
  return patched<Store>(store, {
    async audit(page) {
      const found = await store.audit(page)
      return { ...found, items: found.items.flatMap(read) }
    },
  })
}

interface Planted {
  readonly mistake: string
  readonly seenBy: string
  /** The first seed to try: one that is known to show it soon saves time, no more. */
  readonly from?: number
  /** Made anew for each history. */
  readonly options: () => HistoryOptions
}

const planted: readonly Planted[] = [
  {
    mistake: 'a store that answers before it has written',
    seenBy: 'acknowledged',
    options: () => ({
      patch: withCommit(async (changes, commit) => {
        void commit(changes).catch(() => {})
        return []
      }),
    }),
  },
  {
    mistake: 'a store that loses one change of a commit',
    seenBy: 'counts',
    options: () => {
      const lost = everyNth(25)
      return {
        patch: withCommit((changes, commit) =>
          commit(changes.filter(({ kind }) => kind !== 'put-execution' || !lost())),
        ),
      }
    },
  },
  {
    mistake: 'a store that writes a commit in two halves',
    seenBy: 'counts',
    options: () => ({
      patch: withCommit(async (changes, commit) => {
        const half = Math.ceil(changes.length / 2)
        const first = await commit(changes.slice(0, half))
        return half === changes.length ? first : [...first, ...(await commit(changes.slice(half)))]
      }),
    }),
  },
  {
    mistake: 'a store that writes the events of a commit twice',
    seenBy: 'acknowledged',
    options: () => ({
      patch: withCommit((changes, commit) =>
        commit([...changes, ...changes.filter(({ kind }) => kind === 'append-event')]),
      ),
    }),
  },
  {
    mistake: 'a store whose indexes forget what an execution was before',
    seenBy: 'errors',
    options: () => ({
      patch: withCommit((changes, commit) =>
        commit(
          changes.map(change => {
            if (change.kind !== 'put-execution') return change
            const { previous: _, ...rest } = change
            return rest
          }),
        ),
      ),
    }),
  },
  {
    mistake: 'a store that has lost the saved clock',
    seenBy: 'clock',
    options: () => ({ patch: withStore(() => ({ savedClock: async () => undefined })) }),
  },
  {
    mistake: 'a store that forgets an unfinished operation at the start',
    seenBy: 'liveness',
    from: 4,
    options: () => ({
      calmMostMs: dayMs,
      patch: withStore(store => ({
        unfinishedOperations: async () => (await store.unfinishedOperations()).slice(1),
      })),
    }),
  },
  {
    mistake: 'a store that finds nothing pending',
    seenBy: 'liveness',
    from: 2,
    options: () => ({
      calmMostMs: dayMs,
      patch: withStore(store => ({
        executions: async (operation, page) =>
          page.state === 'pending' ? { items: [], hasMore: false } : store.executions(operation, page),
      })),
    }),
  },
  {
    mistake: 'a calendar that is always open',
    seenBy: 'windows',
    options: () => ({
      patch: ports => ({ ...ports, calendar: patched(ports.calendar, { state: () => ({ open: true }) }) }),
    }),
  },
  {
    mistake: 'a monotonic clock that jumps a day',
    seenBy: 'clock',
    options: () => ({
      patch: withClock((clock, trueMs) => ({
        monotonic: () => clock.monotonic() + (trueMs() > 1_000_000 ? dayMs : 0),
      })),
    }),
  },
  {
    mistake: 'a clock whose timers come a hundred times too late',
    seenBy: 'timers',
    from: 2,
    options: () => ({
      patch: withClock(clock => ({ after: (delayMs, action) => clock.after(100 * delayMs, action) })),
    }),
  },
  {
    mistake: 'a store that reads an execution as it was one write ago, and believes what it is told of it',
    seenBy: 'endings',
    options: () => ({ patch: withStore(oneWriteAgo), contents: believing() }),
  },
  {
    mistake: 'a store that brings an ended execution back as it was before',
    seenBy: 'endings',
    options: () => ({ patch: withStore(bringingBack) }),
  },
  {
    mistake: 'a disk on which a record of the audit changes',
    seenBy: 'audit-chain',
    options: () => ({ contents: rotten(record => (record.number === 3 ? [{ ...record, action: 'x' }] : [record])) }),
  },
  {
    mistake: 'a disk that drops a record of the audit',
    seenBy: 'audit-chain',
    options: () => ({ contents: rotten(record => (record.number === 3 ? [] : [record])) }),
  },
  {
    mistake: 'a disk that chains the audit without some of its records',
    seenBy: 'audit-chain',
    options: () => {
      const lost = everyNth(20)
      const store = new MemoryStore()
      const commit: Store['commit'] = changes =>
        store.commit(changes.filter(({ kind }) => kind !== 'append-audit' || !lost()))
      return { contents: patched<Store>(store, { commit }) }
    },
  },
  {
    mistake: 'a connection that delivers after it was closed',
    seenBy: 'delivery',
    from: 13,
    options: () => ({ deliversAfterClose: true }),
  },
]

/** The same histories serve many rows. */
const sound = new Map<string, ReturnType<typeof history>>()
function withoutMistake(seed: number, calmMostMs: number): ReturnType<typeof history> {
  const key = `${seed}/${calmMostMs}`
  const lived = sound.get(key) ?? history(seed, { calmMostMs })
  sound.set(key, lived)
  return lived
}

for (const { mistake, seenBy, options, from = 1 } of planted)
  t.test(`${mistake} is seen by the checker ${seenBy}`, async t => {
    const others = new Set<string>()
    for (let seed = from; seed < from + seedsMax; seed += 1) {
      const planted = options()
      const { violations } = await history(seed, planted)
      const found = violations.find(({ checker }) => checker === seenBy)
      if (found !== undefined) {
        const { calmMostMs = 30 * dayMs } = planted
        t.same((await withoutMistake(seed, calmMostMs)).violations, [], 'without the mistake there is nothing to see')
        t.pass(`seed ${seed}: ${found.problem}`)
        return
      }
      for (const { checker, problem } of violations) others.add(`${checker} (seed ${seed}: ${problem})`)
    }
    t.fail(`not within ${seedsMax} seeds; seen by ${[...others].join(', ') || 'nobody'}`)
  })
