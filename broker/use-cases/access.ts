// Who may do what: roles in a row, each may do what the ones before may.
import type { Principal, PrincipalRole } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'

const ranks: Readonly<Record<PrincipalRole, number>> = { viewer: 0, operator: 1, approver: 2, admin: 3 }

/** Throws RequestRefused FORBIDDEN unless the principal has at least this role. */
export function requireRole(by: Principal, least: PrincipalRole): void {
  if (ranks[by.role] < ranks[least])
    throw new RequestRefused('FORBIDDEN', `this needs the role ${least}; ${by.name} is ${by.role}`)
}
