import t from 'tap'
import { PatchDesk, type PatchDeskSettings } from '../../../broker/delivery/patch-desk.ts'
import { ArtifactUnreadable, PatchImpossible, StoreUnavailable } from '../../../broker/errors.ts'
import type { Clock, LogFields, MadePatch, PatchMaker, PatchPair, PatchStore } from '../../../broker/ports.ts'
import { artifactId, deviceId } from '../../../proto/ids.ts'

const id = (number: number) => artifactId(number.toString(16).padStart(64, '0'))
const device = (number: number) => deviceId(`d${number}`)
const pair = { base: id(1), target: id(9) }
const metadata = { baseSize: 4000, frameBytesMax: 1000, baseBytesMax: 2000, encodedBytesMax: 500 }
/** What such a patch takes: everything twice. */
const memory = 7000

/** A maker that does what the test says when the test says it. */
class HandMaker implements PatchMaker {
  readonly asked: string[] = []
  costs: (pair: PatchPair) => number | undefined | Error = () => 10_000
  outcome: (pair: PatchPair) => MadePatch | undefined | Error = made
  /** Held back until `go` while true. */
  held = false
  running = 0
  runningMost = 0
  readonly #store: PatchStore
  #go: (() => void)[] = []

  constructor(store: PatchStore) {
    this.#store = store
  }

  go(): void {
    for (const next of this.#go.splice(0)) next()
  }

  async chunkBytes(pair: PatchPair, signal: AbortSignal): Promise<number | undefined> {
    return this.#answer('measure', pair, signal, this.costs(pair))
  }

  async make(pair: PatchPair, signal: AbortSignal): Promise<MadePatch | undefined> {
    const patch = await this.#answer('make', pair, signal, this.outcome(pair))
    if (patch !== undefined) await this.#store.keep(patch, { path: '', sha256: '' })
    return patch
  }

  async close(): Promise<void> {}

  async #answer<T>(kind: string, pair: PatchPair, signal: AbortSignal, answer: T | Error): Promise<T> {
    this.asked.push(`${kind} ${Number.parseInt(pair.base, 16)}`)
    this.running += 1
    this.runningMost = Math.max(this.runningMost, this.running)
    try {
      if (this.held)
        await new Promise<void>((resolve, reject) => {
          this.#go.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      if (answer instanceof Error) throw answer
      return answer
    } finally {
      this.running -= 1
    }
  }
}

class MemoryPatches implements PatchStore {
  readonly patches = new Map<string, MadePatch>()
  all = (): readonly MadePatch[] => [...this.patches.values()]
  find = ({ base, target }: PatchPair): MadePatch | undefined => this.patches.get(base + target)
  read = async (): Promise<undefined> => undefined
  keep = async (patch: MadePatch): Promise<void> => void this.patches.set(patch.base + patch.target, patch)
  close = async (): Promise<void> => {}
}

function made(of: PatchPair, patchBytes = 2000): MadePatch {
  return { ...of, patchBytes, metadata, chunkBytes: 10_000 }
}

function scene(settings: Partial<PatchDeskSettings> = {}) {
  const [patches, events] = [new MemoryPatches(), [] as LogFields[]]
  let now = 0
  const advance = (ms: number): void => {
    now += ms
  }
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => () => {} }
  const maker = new HandMaker(patches)
  const note = (fields: LogFields): void => void events.push(fields)
  const log = { debug: note, info: note, warn: note, error: note }
  const desk = new PatchDesk({ maker, patches, clock, log, settings })
  return { desk, maker, patches, advance, events: () => events.map(({ event }) => event) }
}

/** Everything that waits for nobody has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
}

t.test('a patch is made when enough devices have asked, each counted once, and is offered from then on', async t => {
  const { desk, maker, events } = scene()
  t.equal(desk.leastBytes(pair, memory), undefined)
  for (const number of [1, 1, 1, 2]) t.equal(desk.offerFor(device(number), pair, memory), undefined)
  await settled()
  t.same(maker.asked, ['measure 1'], 'two devices, three times the one')
  t.equal(desk.leastBytes(pair, memory), 10_000, 'what the chunks cost is known')
  t.equal(desk.offerFor(device(3), pair, memory), undefined, 'the third begins with chunks')
  await settled()
  t.same(maker.asked, ['measure 1', 'make 1'])
  t.same(desk.offerFor(device(1), pair, memory), { base: pair.base, patchBytes: 2000, metadata })
  t.same(desk.offerFor(device(4), pair, memory), { base: pair.base, patchBytes: 2000, metadata })
  t.equal(desk.offerFor(device(5), pair, memory - 1), undefined, 'not for a device with less memory')
  t.equal(desk.offerFor(device(5), pair, 0), undefined)
  t.equal(desk.leastBytes(pair, memory), 2000)
  t.equal(desk.leastBytes(pair, memory - 1), 10_000, 'who has less memory pulls chunks')
  t.match(desk.figures(), {
    madeTotal: 1,
    hitsTotal: 2,
    patchBytes: 2000,
    patchesCount: 1,
    queuedCount: 0,
    failedTotal: 0,
  })
  t.same(events(), ['patch-made'])
  await desk.close()
})

t.test('who has the target already is offered nothing, and a patch that costs as much as chunks neither', async t => {
  const { desk, maker, patches } = scene({ devicesMin: 1 })
  const same = { base: pair.target, target: pair.target }
  t.same([desk.offerFor(device(1), same, memory), desk.leastBytes(same, memory)], [undefined, undefined])
  await patches.keep(made(pair, 10_000))
  t.equal(desk.offerFor(device(1), pair, memory), undefined)
  t.equal(desk.leastBytes(pair, memory), 10_000)
  await settled()
  t.same(maker.asked, [])
  await desk.close()
})

t.test('what a restart finds in the store is offered to the first that asks', async t => {
  const { desk, maker, patches } = scene()
  await patches.keep(made(pair))
  t.equal(desk.offerFor(device(1), pair, memory)?.patchBytes, 2000)
  await settled()
  t.same(maker.asked, [])
  await desk.close()
})

t.test('one thing at a time, measures first; a patch that went is made again when as many ask again', async t => {
  const { desk, maker, patches } = scene({ devicesMin: 2 })
  maker.held = true
  for (const base of [1, 2, 3])
    for (const number of [1, 2]) desk.offerFor(device(number), { base: id(base), target: id(9) }, memory)
  for (let round = 0; round < 10; round += 1) {
    await settled()
    maker.go()
  }
  t.same(maker.asked, ['measure 1', 'measure 2', 'measure 3', 'make 1', 'make 2', 'make 3'])
  t.equal(maker.runningMost, 1)
  t.equal(desk.figures().madeTotal, 3)
  patches.patches.clear()
  maker.held = false
  desk.offerFor(device(1), pair, memory)
  await settled()
  t.equal(desk.figures().madeTotal, 3, 'one device is not enough')
  desk.offerFor(device(7), pair, memory)
  await settled()
  t.equal(desk.figures().madeTotal, 4)
  await desk.close()
})

t.test('what saves nothing is not tried again, what failed only after a pause, what cannot be never', async t => {
  const rows: readonly (readonly [string, MadePatch | undefined | Error, boolean, object])[] = [
    ['saves nothing', undefined, false, { uselessTotal: 1, failedTotal: 0 }],
    ['too large', new PatchImpossible('too-large', 'x'), false, { failedTotal: 1 }],
    ['too slow', new PatchImpossible('too-slow', 'x'), false, { failedTotal: 1 }],
    ['the disk is full', new StoreUnavailable('x'), true, { failedTotal: 1 }],
    ['a bundle is spoiled', new ArtifactUnreadable('x'), true, { failedTotal: 1 }],
    ['the thread died', new Error('x'), true, { failedTotal: 1 }],
  ]
  for (const [what, outcome, again, figures] of rows) {
    const { desk, maker, advance } = scene({ devicesMin: 1, retryMs: 1000 })
    maker.outcome = () => outcome
    const makes = (): number => maker.asked.filter(asked => asked === 'make 1').length
    const ask = async (): Promise<void> => {
      desk.offerFor(device(1), pair, memory)
      await settled()
    }
    await ask()
    await ask()
    t.equal(makes(), 1, what)
    t.match(desk.figures(), figures, what)
    t.equal(desk.leastBytes(pair, memory), 10_000, 'chunks cost what they cost')
    advance(999)
    await ask()
    t.equal(makes(), 1, `${what}: too early`)
    advance(1)
    await ask()
    t.equal(makes(), again ? 2 : 1, `${what}: later`)
    await desk.close()
  }
})

t.test('images that are not here are looked for again after a pause', async t => {
  const { desk, maker, advance } = scene({ devicesMin: 1, retryMs: 1000 })
  maker.costs = () => undefined
  maker.outcome = () => undefined
  for (const number of [1, 2]) desk.offerFor(device(number), pair, memory)
  await settled()
  desk.offerFor(device(3), pair, memory)
  await settled()
  t.same(maker.asked, ['measure 1'], 'nothing to make anything of')
  t.equal(desk.leastBytes(pair, memory), undefined)
  t.match(desk.figures(), { uselessTotal: 0, failedTotal: 0 })
  advance(1000)
  maker.costs = () => 10_000
  maker.outcome = made
  for (const number of [1, 2]) {
    desk.offerFor(device(number), pair, memory)
    await settled()
  }
  t.equal(desk.offerFor(device(1), pair, memory)?.patchBytes, 2000, 'uploaded meanwhile')
  await desk.close()
})

t.test('without zstd it says so once, and goes on telling what chunks cost', async t => {
  const { desk, maker, events } = scene({ devicesMin: 1 })
  maker.outcome = () => new PatchImpossible('no-zstd', 'neither is here')
  for (const base of [1, 2, 3, 4]) {
    desk.offerFor(device(base), { base: id(base), target: id(9) }, memory)
    await settled()
  }
  t.same(events(), ['patches-off'])
  t.equal(maker.asked.filter(asked => asked.startsWith('make')).length, 1)
  t.equal(desk.leastBytes({ base: id(4), target: id(9) }, memory), 10_000)
  t.match(desk.figures(), { failedTotal: 0, queuedCount: 0 })
  await desk.close()
})

t.test('switched off, nothing is made or offered; what chunks cost is still known', async t => {
  const { desk, maker, patches } = scene({ devicesMin: 0 })
  await patches.keep(made(pair))
  const other = { base: id(2), target: id(9) }
  for (const number of [1, 2, 3, 4])
    for (const each of [pair, other]) t.equal(desk.offerFor(device(number), each, memory), undefined)
  t.equal(desk.leastBytes(pair, memory), 10_000)
  desk.leastBytes(other, memory)
  await settled()
  t.same(maker.asked, ['measure 2'])
  t.equal(desk.leastBytes(other, memory), 10_000)
  await desk.close()
})

t.test('pairs, devices and the queue are bounded, whatever a fleet says of itself', async t => {
  const { desk, maker } = scene({ devicesMin: 3, pairsMax: 50, askersMax: 60, queueMax: 5 })
  maker.held = true
  for (let base = 100; base < 1100; base += 1)
    for (const number of [1, 2, 3]) desk.offerFor(device(number), { base: id(base), target: id(9) }, memory)
  // What waits for the maker is kept beside the limit: one under way, five and five in its queues.
  t.ok(desk.figures().pairsCount <= 61, `${desk.figures().pairsCount} pairs`)
  t.ok(desk.figures().queuedCount <= 10)
  await desk.close()
  t.equal(maker.running, 0)
})

t.test('closing ends what is under way and begins nothing more', async t => {
  const { desk, maker, events } = scene({ devicesMin: 1 })
  for (const base of [1, 2]) desk.offerFor(device(1), { base: id(base), target: id(9) }, memory)
  maker.held = true
  await settled()
  t.equal(maker.running, 1)
  await desk.close()
  t.equal(maker.running, 0)
  t.equal(desk.offerFor(device(2), pair, memory), undefined)
  await settled()
  t.same(maker.asked, ['measure 1'])
  t.same(events(), [], 'an end that was asked for is no failure')
})
