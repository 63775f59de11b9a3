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

export function principalUseCases({
  store,
  clock,
  random,
  naming,
  disconnectOperator,
}: Dependencies): Pick<
  UseCases,
  | 'principalOfToken'
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
    const others = (await store.principals()).filter(({ name, role }) => role === 'admin' && name !== principal.name)
    if (others.length === 0)
      throw new RequestRefused('CONFLICT', `${principal.name} is the only admin: make another one first`)
  }
  return {
    principalOfToken: token => store.principalByToken(secretSha256(token)),

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
        const { principal, token } = newPrincipal(clock, random, name, request.role)
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
        const principal: Principal = { ...before, tokenSha256: secretSha256(token) }
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
): { readonly principal: Principal; readonly token: string } {
  const token = newSecret(random)
  return { principal: { name, role, tokenSha256: secretSha256(token), createdAt: clock.now() }, token }
}
