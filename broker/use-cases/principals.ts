// People and services that may give commands.
import type { Listing, PrincipalAnswer, PrincipalView } from '../../proto/http-api.ts'
import { type DeviceId, principalName } from '../../proto/ids.ts'
import type { Principal } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { Clock, Random } from '../ports.ts'
import { principalView } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId } from './parsing.ts'
import { newSecret, secretSha256 } from './secrets.ts'
import type { UseCases } from './use-cases.ts'

export function principalUseCases({
  store,
  clock,
  random,
  naming,
}: Dependencies): Pick<UseCases, 'principalOfToken' | 'createPrincipal' | 'listPrincipals'> {
  return {
    principalOfToken: token => store.principalByToken(secretSha256(token)),

    async createPrincipal(by, request): Promise<PrincipalAnswer> {
      requireRole(by, 'admin')
      const name = parsedId(principalName, request.name, 'name')
      return naming(async () => {
        if ((await store.principal(name)) !== undefined)
          throw new RequestRefused('CONFLICT', `principal ${name} exists already`, [
            { name: 'name', message: 'is taken' },
          ])
        if ((await store.credential(name as string as DeviceId)) !== undefined)
          throw new RequestRefused('CONFLICT', `${name} is the id of a device`, [
            { name: 'name', message: 'is the id of a device' },
          ])
        const { principal, token } = newPrincipal(clock, random, name, request.role)
        await store.commit([{ kind: 'put-principal', principal }])
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
