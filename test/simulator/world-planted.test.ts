// The checkers can fail: each row plants one mistake in a port, and a checker that has a name sees it within a few seeds.
import t from 'tap'
import type { Change, Clock, Store } from '../../broker/ports.ts'
import type { Patch } from '../../simulator/world/broker.ts'
import { patched } from '../../simulator/world/disk.ts'
import { history } from '../../simulator/world/history.ts'
import type { WorldOptions } from '../../simulator/world/world.ts'

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

interface Planted {
  readonly mistake: string
  readonly seenBy: string
  /** Made anew for each history. */
  readonly options: () => WorldOptions
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
    options: () => ({
      patch: withStore(store => ({
        unfinishedOperations: async () => (await store.unfinishedOperations()).slice(1),
      })),
    }),
  },
  {
    mistake: 'a store that finds nothing pending',
    seenBy: 'liveness',
    options: () => ({
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
    options: () => ({
      patch: withClock(clock => ({ after: (delayMs, action) => clock.after(100 * delayMs, action) })),
    }),
  },
  {
    mistake: 'a connection that delivers after it was closed',
    seenBy: 'delivery',
    options: () => ({ deliversAfterClose: true }),
  },
]

for (const { mistake, seenBy, options } of planted)
  t.test(`${mistake} is seen by the checker ${seenBy}`, async t => {
    const others = new Set<string>()
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const { violations } = await history(seed, options())
      const found = violations.find(({ checker }) => checker === seenBy)
      if (found !== undefined) {
        t.pass(`seed ${seed}: ${found.problem}`)
        return
      }
      for (const { checker, problem } of violations) others.add(`${checker} (seed ${seed}: ${problem})`)
    }
    t.fail(`not within ${seedsMax} seeds; seen by ${[...others].join(', ') || 'nobody'}`)
  })
