// Sessions by themselves, on a clock that is turned by hand: how they end, how many there may be, what is kept of them.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { Sessions } from '../../../../broker/adapters/http/sessions.ts'
import type { HttpSettings } from '../../../../broker/adapters/http/settings.ts'
import { httpSettingsDefaults } from '../../../../broker/adapters/http/settings.ts'
import type { Principal } from '../../../../broker/core/records.ts'
import { principalName } from '../../../../proto/ids.ts'

const hour = 3_600_000

/** Principals by the SHA-256 of their token, and a clock. */
class Scene {
  readonly known = new Map<string, Principal>()
  time = 5_000
  lookups = 0
  /** Runs while a principal is looked up. */
  meanwhile = (): void => undefined
  readonly given: string[] = []
  readonly sessions: Sessions

  constructor(settings: Partial<HttpSettings> = {}) {
    this.sessions = new Sessions({
      useCases: {
        principalOfTokenSha256: async sha256 => {
          this.lookups += 1
          const found = this.known.get(sha256)
          await Promise.resolve()
          this.meanwhile()
          return found
        },
      },
      clock: { now: () => Date.UTC(2030, 0, 1) + this.time, monotonic: () => this.time },
      random: {
        bytes: count => {
          const bytes = randomBytes(count)
          this.given.push(bytes.toString('base64url'))
          return bytes
        },
      },
      settings: { ...httpSettingsDefaults, ...settings },
    })
  }

  principal(name: string, tokenSha256 = name.padEnd(64, '0'), role: Principal['role'] = 'viewer'): Principal {
    const principal = { name: principalName(name), role, tokenSha256, createdAt: 0 }
    this.known.set(tokenSha256, principal)
    return principal
  }

  async isOpen(value: string): Promise<boolean> {
    return this.sessions.isGood(value)
  }
}

t.test('a session has 256 random bits of its own, and ends half a day after its last use', async t => {
  const scene = new Scene()
  const kim = scene.principal('kim')
  const { value, session } = scene.sessions.open(kim)
  t.equal(Buffer.from(value, 'base64url').length, 32)
  t.same(scene.given, [value])
  t.equal(session.expiresAt, Date.UTC(2030, 0, 1) + 5_000 + 12 * hour)
  t.not(scene.sessions.open(kim).value, value)
  scene.time += 12 * hour - 1
  t.match(await scene.sessions.use(value), {
    principal: { name: 'kim' },
    session: { expiresAt: Date.UTC(2030, 0, 1) + scene.time + 12 * hour },
  })
  scene.time += 12 * hour - 1
  t.ok(await scene.isOpen(value), 'a look is possible')
  scene.time += 1
  t.notOk(await scene.isOpen(value), 'and was no use')
  t.equal(await scene.sessions.use(value), undefined)
})

t.test('a session that is used all the time ends after seven days', async t => {
  const scene = new Scene()
  const { value } = scene.sessions.open(scene.principal('kim'))
  for (let step = 0; step < 27; step += 1) {
    scene.time += 6 * hour
    t.ok(await scene.sessions.use(value), `after ${(step + 1) * 6} hours`)
  }
  t.match(
    await scene.sessions.use(value),
    { session: { expiresAt: Date.UTC(2030, 0, 1) + scene.time + 6 * hour } },
    'the end that comes first is told',
  )
  scene.time += 6 * hour
  t.equal(await scene.sessions.use(value), undefined)
})

t.test(
  'the principal is looked up each time: another role counts at once, and a token that is void ends it',
  async t => {
    const scene = new Scene()
    const kim = scene.principal('kim')
    const { value } = scene.sessions.open(kim)
    scene.principal('kim', kim.tokenSha256, 'admin')
    t.match(await scene.sessions.use(value), { principal: { role: 'admin' } })
    t.equal(scene.lookups, 1)
    scene.known.clear()
    scene.principal('kim', 'another'.padEnd(64, '0'))
    t.equal(await scene.sessions.use(value), undefined, 'the same person with a new token')
    scene.known.set(kim.tokenSha256, kim)
    t.equal(await scene.sessions.use(value), undefined, 'once over, it stays over')
  },
)

t.test('a session that is ended while its principal is looked up admits nobody', async t => {
  const scene = new Scene()
  const { value, session } = scene.sessions.open(scene.principal('kim'))
  scene.meanwhile = () => scene.sessions.end(session.key)
  t.equal(await scene.sessions.use(value), undefined)
  const again = scene.sessions.open(scene.principal('kim'))
  scene.meanwhile = () => scene.sessions.end(again.session.key)
  t.equal(await scene.sessions.isGood(again.value), false)
})

t.test('a store that cannot tell ends nothing', async t => {
  const scene = new Scene()
  const { value } = scene.sessions.open(scene.principal('kim'))
  scene.meanwhile = () => {
    throw new Error('no store')
  }
  await t.rejects(scene.sessions.use(value), { message: 'no store' })
  scene.meanwhile = () => undefined
  t.ok(await scene.sessions.use(value))
})

t.test('where there are too many, of one principal or of all, the longest unused goes', async t => {
  const scene = new Scene({ sessionsEachMax: 3, sessionsMax: 5 })
  const kim = scene.principal('kim')
  const own = [1, 2, 3].map(() => scene.sessions.open(kim).value)
  const [first = '', second = '', third = ''] = own
  await scene.sessions.use(first)
  const fourth = scene.sessions.open(kim).value
  t.same(
    await Promise.all([first, second, third, fourth].map(value => scene.isOpen(value))),
    [true, false, true, true],
    'three of kim, and the first was used since',
  )
  const zoe = scene.principal('zoe')
  const others = [1, 2, 3].map(() => scene.sessions.open(zoe).value)
  t.same(
    await Promise.all([third, first, fourth, ...others].map(value => scene.isOpen(value))),
    [false, true, true, true, true, true],
    'five of all',
  )
})

t.test('what is over takes no place from others', async t => {
  const scene = new Scene({ sessionsMax: 2 })
  const old = scene.sessions.open(scene.principal('kim')).value
  for (let step = 0; step < 27; step += 1) {
    scene.time += 6 * hour
    await scene.sessions.use(old)
  }
  const unused = scene.sessions.open(scene.principal('zoe')).value
  scene.time += 5 * hour
  t.ok(await scene.sessions.use(old), 'in its seventh day, and used later than the other')
  scene.time += hour
  const young = scene.sessions.open(scene.principal('adam')).value
  t.same(await Promise.all([old, unused, young].map(value => scene.isOpen(value))), [false, true, true])
})
