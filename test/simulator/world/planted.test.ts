// The checkers of a world can fail: each row plants one mistake in a port of an agent or of the broker, or in the network,
// and the checker named beside it sees it within five seeds.
import t from 'tap'
import type { AgentPorts, Installer } from '../../../agent/ports.ts'
import { patched } from '../../../simulator/world/disk.ts'
import { type Lived, live, type WorldOptions } from '../../../simulator/world/world.ts'

t.setTimeout(300_000)
const seedsMax = 5
const agents = 8

const withInstaller =
  (methods: Partial<Installer>): NonNullable<WorldOptions['patchAgent']> =>
  ports => ({ ...ports, installers: ports.installers.map(each => patched(each, methods)) })

/** What the signed manifest of the job under way says is what is found. */
function believing(ports: AgentPorts): AgentPorts {
  let wanted: string | undefined
  const journal = patched(ports.journal, {
    save: batch => {
      const state = batch.memory?.state
      if (state !== undefined && state.kind !== 'idle') wanted = state.job.digest
      return ports.journal.save(batch)
    },
  })
  const installers = ports.installers.map(installer =>
    patched(installer, {
      hash: async slot => {
        const found = await installer.hash(slot)
        return slot === (await installer.status()).active.slot ? found : { ...found, digest: wanted ?? found.digest }
      },
    }),
  )
  return { ...ports, journal, installers }
}

const planted: readonly { readonly mistake: string; readonly seenBy: string; readonly options: WorldOptions }[] = [
  {
    mistake: 'an installer that finds whatever digest was signed',
    seenBy: 'images',
    options: { patchAgent: believing },
  },
  {
    mistake: 'an installer that commits nothing',
    seenBy: 'truth',
    options: { patchAgent: withInstaller({ commit: async () => {} }) },
  },
  {
    mistake: 'a link that acknowledges what the broker has not',
    seenBy: 'acknowledged',
    options: {
      patchAgent: ports => ({
        ...ports,
        link: patched(ports.link, {
          publish: async (uplink, bytes) => {
            const said = ports.link.publish(uplink, bytes)
            if (uplink === 'events') said.catch(() => {})
            else await said
          },
        }),
      }),
    },
  },
  {
    mistake: 'a broker whose calendar is always open',
    seenBy: 'windows',
    options: {
      patch: ports => ({ ...ports, calendar: patched(ports.calendar, { state: () => ({ open: true }) }) }),
    },
  },
]

/** The same worlds serve every row. */
const sound = new Map<number, Promise<Lived>>()
function withoutMistake(seed: number): Promise<Lived> {
  const lived = sound.get(seed) ?? live(seed, { agents })
  sound.set(seed, lived)
  return lived
}

for (const { mistake, seenBy, options } of planted)
  t.test(`${mistake} is seen by the checker ${seenBy}`, async t => {
    const others = new Set<string>()
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const { violations } = await live(seed, { ...options, agents, calmMostMs: 3 * 86_400_000 })
      const found = violations.find(({ checker }) => checker === seenBy)
      if (found !== undefined) {
        t.same((await withoutMistake(seed)).violations, [], 'without the mistake there is nothing to see')
        t.pass(`seed ${seed}: ${found.problem}`)
        return
      }
      for (const { checker, problem } of violations) others.add(`${checker} (seed ${seed}: ${problem})`)
    }
    t.fail(`not within ${seedsMax} seeds; seen by ${[...others].join(', ') || 'nobody'}`)
  })
