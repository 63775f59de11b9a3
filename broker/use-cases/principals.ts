// People and services that may give commands.
import type { PrincipalAnswer, PrincipalView } from '../../proto/http-admin.ts'
import type { Listing } from '../../proto/http-api.ts'
import { type DeviceId, principalName } from '../../proto/ids.ts'
import type { Principal } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { Clock, Random } from '../ports.ts'
import { principalView } from '../views.ts'
import { requireRole } from './access.ts'
import { auditOf, bootstrap } from './audit.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId } from './parsing.ts'
import { newSecret, secretSha256 } from './secrets.ts'
import type { UseCases } from './use-cases.ts'

const usedEveryMs = 3_600_000
const longestMs = 10 * 366 * 86_400_000

/** The token of this principal opens nothing any more. */
export function isExpired({ expiresAt }: Pick<Principal, 'expiresAt'>, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt
}

export function principalUseCases({
  store,
  clock,
  random,
  naming,
  log,
  disconnectOperator,
}: Dependencies): Pick<
  UseCases,
  | 'principalOfToken'
  | 'principalOfTokenSha256'
  | 'createPrincipal'
  | 'listPrincipals'
  | 'editPrincipal'
  | 'renewPrincipalToken'
  | 'deletePrincipal'
> {
  const stored = async (text: string): Promise<Principal> => {
    const name = parsedId(principalName, text, 'name')
    const principal = await store.principal(name)
    if (principal === undefined) throw new RequestRefused('NOT_FOUND', `no principal ${name}`)
    return principal
  }
  /** Nobody may lock everybody out. */
  const mustLeaveAdmin = async (principal: Principal): Promise<void> => {
    if (principal.role !== 'admin') return
    const others = (await store.principals()).filter(
      other => other.role === 'admin' && other.name !== principal.name && !isExpired(other, clock.now()),
    )
    if (others.length === 0)
      throw new RequestRefused('CONFLICT', `${principal.name} is the only admin: make another one first`)
  }
  const noted = new Map<string, number>()
  /** Whose token it is, unless its time is over. Notes the use, at most once an hour; nobody waits for that. */
  const opened = async (tokenSha256: string): Promise<Principal | undefined> => {
    const found = await store.principalByToken(tokenSha256)
    const now = clock.now()
    if (found === undefined || isExpired(found, now)) return undefined
    const last = Math.max(found.lastUsedAt ?? 0, noted.get(found.name) ?? 0)
    if (now - last >= usedEveryMs) {
      noted.set(found.name, now)
      noteUse(found).catch(err =>
        log.warn({ event: 'use-not-noted', principal: found.name, err }, 'last use not noted'),
      )
    }
    return found
  }
  const noteUse = (used: Principal): Promise<void> =>
    naming(async () => {
      const principal = await store.principal(used.name)
      if (principal?.tokenSha256 !== used.tokenSha256) return
      await store.commit([{ kind: 'put-principal', principal: { ...principal, lastUsedAt: clock.now() } }])
    })
  return {
    principalOfToken: token => opened(secretSha256(token)),

    principalOfTokenSha256: tokenSha256 => opened(tokenSha256),

    async createPrincipal(by, request): Promise<PrincipalAnswer> {
      requireRole(by, 'admin')
      const name = parsedId(principalName, request.name, 'name')
      return naming(async () => {
        if (name === bootstrap)
          throw new RequestRefused('CONFLICT', `${name} is what the broker itself is called in the audit`, [
            { name: 'name', message: 'is reserved' },
          ])
        if ((await store.principal(name)) !== undefined)
          throw new RequestRefused('CONFLICT', `principal ${name} exists already`, [
            { name: 'name', message: 'is taken' },
          ])
        if ((await store.credential(name as string as DeviceId)) !== undefined)
          throw new RequestRefused('CONFLICT', `${name} is the id of a device`, [
            { name: 'name', message: 'is the id of a device' },
          ])
        const expiresAt = request.expiresAt === undefined ? undefined : expiryOf(request.expiresAt, clock.now())
        const { principal, token } = newPrincipal(clock, random, name, request.role, expiresAt)
        await store.commit([
          { kind: 'put-principal', principal },
          auditOf(by, clock.now(), { action: 'principal.create', subject: name, data: { role: request.role } }),
        ])
        return { ...principalView(principal), token }
      })
    },

    async listPrincipals(by): Promise<Listing<PrincipalView>> {
      requireRole(by, 'admin')
      const principals = await store.principals()
      return {
        object: 'list',
        data: principals.map(principalView),
        limit: principals.length,
        after: null,
        has_more: false,
      }
    },

    async editPrincipal(by, text, { role }): Promise<PrincipalView> {
      requireRole(by, 'admin')
      return naming(async () => {
        const before = await stored(text)
        if (role !== 'admin') await mustLeaveAdmin(before)
        const principal: Principal = { ...before, role }
        await store.commit([
          { kind: 'put-principal', principal },
          auditOf(by, clock.now(), {
            action: 'principal.edit',
            subject: principal.name,
            changes: before.role === role ? [] : [{ op: 'replace', path: '/role', value: role }],
          }),
        ])
        if (before.role !== role) disconnectOperator(principal.name, 'role-changed')
        return principalView(principal)
      })
    },

    async renewPrincipalToken(by, text): Promise<PrincipalAnswer> {
      requireRole(by, 'admin')
      return naming(async () => {
        const before = await stored(text)
        const token = newSecret(random)
        const { lastUsedAt: _, expiresAt, ...kept } = before
        const now = clock.now()
        // A new token lives as long as the one before it was meant to.
        const livesMs = expiresAt === undefined ? undefined : expiresAt - (before.tokenCreatedAt ?? before.createdAt)
        const principal: Principal = {
          ...{ ...kept, tokenSha256: secretSha256(token), tokenPrefix: prefixOf(token), tokenCreatedAt: now },
          ...(livesMs === undefined ? {} : { expiresAt: now + livesMs }),
        }
        await store.commit([
          { kind: 'put-principal', principal },
          auditOf(by, clock.now(), { action: 'principal.renew-token', subject: principal.name }),
        ])
        disconnectOperator(principal.name, 'token-renewed')
        return { ...principalView(principal), token }
      })
    },

    async deletePrincipal(by, text): Promise<void> {
      requireRole(by, 'admin')
      await naming(async () => {
        const principal = await stored(text)
        await mustLeaveAdmin(principal)
        await store.commit([
          { kind: 'delete-principal', name: principal.name },
          auditOf(by, clock.now(), { action: 'principal.delete', subject: principal.name }),
        ])
        disconnectOperator(principal.name, 'deleted')
      })
    },
  }
}

/** A principal to be stored; the token in the result is the only copy. */
export function newPrincipal(
  clock: Clock,
  random: Random,
  name: Principal['name'],
  role: Principal['role'],
  expiresAt?: number,
): { readonly principal: Principal; readonly token: string } {
  const token = newSecret(random)
  const principal: Principal = {
    ...{ name, role, tokenSha256: secretSha256(token), createdAt: clock.now(), tokenPrefix: prefixOf(token) },
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  return { principal, token }
}

/** 36 of 256 bits: enough to tell tokens apart, nothing to guess the rest from. */
function prefixOf(token: string): string {
  return token.slice(0, 6)
}

function expiryOf(text: string, now: number): number {
  const expiresAt = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (expiresAt > now && expiresAt < now + longestMs) return expiresAt
  throw new RequestRefused('INVALID', `expiresAt: expected a time to come, within ten years, got ${text}`, [
    { name: 'expiresAt', message: 'expected a time to come, within ten years, as RFC 3339' },
  ])
}
