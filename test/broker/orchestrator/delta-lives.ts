// A small fleet that meets a release with deltas, all chance from a seed: devices come and go, refuse, reboot, and the broker
// dies between any two commits. Also what the tests of such releases share.
import { policyDefaults } from '../../../broker/core/policy.ts'
import type { Operation, Release, ReleaseManifest } from '../../../broker/core/records.ts'
import { artifactId, deviceId } from '../../../proto/ids.ts'
import type { DeviceEvent } from '../../../proto/messages.ts'
import { seeded } from '../../fixtures/seeded.ts'
import { eventOf, helloOf, oldDigest, release, type ScriptedConnection, targetDigest, World } from './world.ts'

export const patchDigest = 'de'.repeat(32)
export const otherDigest = '77'.repeat(32)

const [raw] = release.manifests
if (raw === undefined) throw new Error('the release has a manifest')
const named = (name: string, fields: Partial<ReleaseManifest> = {}): ReleaseManifest => ({
  ...(raw as ReleaseManifest),
  sha256: name,
  envelope: Buffer.from(name).toString('base64'),
  ...fields,
})
export const full = named('full')
export const delta = named('delta', {
  format: 'delta-zstd',
  artifact: artifactId(patchDigest),
  precursorSha256: oldDigest,
  payloadSize: 3,
})
export const releaseOf = (...manifests: ReleaseManifest[]): Release => ({ ...release, manifests })
export const retries = policyDefaults.retries
const unusable: readonly string[] = ['UPD4_FAIL_25', 'UPD4_FAIL_32', 'UPD4_FAIL_42']

export async function world(manifests: readonly ReleaseManifest[]): Promise<World> {
  const made = new World()
  made.release = releaseOf(...manifests)
  await made.start()
  return made
}

/** One life of a small fleet that meets deltas, all chance from the seed. Returns what was violated. */
export async function lifeWithDeltas(seed: number): Promise<string[]> {
  const chance = seeded(seed)
  const hasFull = chance() < 0.7
  const manifests = hasFull ? [full, delta] : [delta]
  const made = await world(manifests)
  const problems = made.violations
  const fleet = Array.from({ length: 6 }, (_, index) => ({
    id: deviceId(`sensor-${index + 1}`),
    digest: chance() < 0.7 ? oldDigest : otherDigest,
    connection: undefined as ScriptedConnection | undefined,
    seen: 0,
    /** The highest attempt taken, and whether it has been answered for good. */
    attempt: 0,
    ended: true,
    brought: '',
    unusable: false,
    outbox: [] as ReturnType<typeof eventOf>[],
    nextNumber: 1,
  }))
  type Life = (typeof fleet)[number]
  const connect = async (life: Life): Promise<void> => {
    life.connection = made.connect(life.id)
    life.seen = 0
    const hello = helloOf(life.digest === targetDigest ? '2.0.0' : '1.0.0', life.digest, {
      outboxEventCount: life.outbox.length,
      outboxLastEventNumber: life.nextNumber - 1,
      ...(life.ended || life.attempt === 0 ? {} : { operation: id }),
    })
    await made.orchestrator.hello(life.connection, hello).catch(() => disconnect(life))
  }
  const disconnect = (life: Life): void => {
    if (life.connection !== undefined) made.orchestrator.deviceDisconnected(life.connection)
    life.connection = undefined
  }
  const hear = (life: Life): void => {
    for (const message of life.connection?.received.slice(life.seen) ?? []) {
      life.seen += 1
      if (message.kind !== 'offer') continue
      const brought = Buffer.from(message.envelope).toString()
      const name = `${life.id} attempt ${message.attempt}`
      if (message.attempt === life.attempt && brought !== life.brought)
        problems.push(`${name}: ${brought} after ${life.brought}`)
      if (message.attempt <= life.attempt) continue
      if (brought === 'delta' && life.digest !== oldDigest) problems.push(`${name}: a delta for ${life.digest}`)
      if (brought === 'delta' && life.unusable) problems.push(`${name}: a delta again`)
      if (brought === 'full' && life.digest === oldDigest && life.attempt === 0)
        problems.push(`${name}: full though there is a delta`)
      if (brought === 'full' && !hasFull) problems.push(`${name}: ${brought}`)
      Object.assign(life, { attempt: message.attempt, brought, ended: false })
    }
  }
  const say = (life: Life, content: DeviceEvent['content']): void => {
    life.outbox.push({ ...eventOf(life.nextNumber, content, id), attempt: life.attempt })
    life.nextNumber += 1
  }
  const move = async (life: Life, fails: boolean): Promise<void> => {
    if (life.connection === undefined) return connect(life)
    hear(life)
    const [event] = life.outbox
    if (event !== undefined) {
      const stored = await made.orchestrator.event(life.connection, event).then(
        () => true,
        () => false,
      )
      if (stored) life.outbox.shift()
      else disconnect(life)
      return
    }
    if (life.ended) return
    const artifact = life.brought === 'delta' ? patchDigest : targetDigest
    const other = life.brought === 'delta' ? targetDigest : patchDigest
    if (made.orchestrator.mayPull(life.id, id, other)) problems.push(`${life.id} may pull what it was not offered`)
    const execution = await made.store.execution(id, life.id)
    const live = execution?.state === 'in-progress' && execution.attempt === life.attempt
    if (made.orchestrator.mayPull(life.id, id, artifact) !== live) problems.push(`${life.id} may not pull its payload`)
    life.ended = true
    if (fails) {
      const codes = ['UPD4_FAIL_25', 'UPD4_FAIL_32', 'UPD4_FAIL_42', 'UPD4_FAIL_26', 'UPD4_FAIL_24'] as const
      const code = codes[Math.floor(chance() * codes.length)] ?? 'UPD4_FAIL_24'
      if (life.brought === 'delta' && unusable.includes(code)) life.unusable = true
      say(life, { kind: 'code', code })
    } else {
      say(life, { kind: 'step', step: 'rebooting' })
      life.digest = targetDigest
      disconnect(life)
    }
  }
  const restart = async (): Promise<void> => {
    await made.kill()
    for (const life of fleet) life.connection = undefined
    await made.start()
  }
  let id = '' as Operation['id']
  for (const life of fleet) await connect(life)
  id = await made.operation(
    fleet.map(life => life.id),
    // Nothing pauses it: each device is looked at by itself.
    { concurrency: 3, retries, abort: [] },
  )
  for (let turn = 0; turn < 120; turn += 1) {
    const life = fleet[Math.floor(chance() * fleet.length)] as Life
    const roll = chance()
    if (roll < 0.05) made.commitsLeft = Math.floor(chance() * 3)
    else if (roll < 0.1) disconnect(life)
    else if (roll < 0.2) await made.clock.advance(15_000)
    else await move(life, chance() < 0.6)
    if (!made.alive) await restart()
  }
  if (made.commitsLeft < 1e9) await restart()
  for (let round = 0; round < 60 && made.orchestrator.figures.running > 0; round += 1) {
    for (const life of fleet) await move(life, false)
    await made.clock.advance(30_000)
  }
  const { items } = await made.store.executions(id, { limit: 100 })
  for (const { device, state, code, attempt } of items) {
    const life = fleet.find(one => one.id === device)
    if (state !== 'completed' && state !== 'failed' && state !== 'skipped') problems.push(`${device} is ${state}`)
    if (life?.unusable && hasFull && state === 'failed' && attempt < 2)
      problems.push(`${device}: no full image after its delta, ${code}`)
  }
  return problems
}
