// What each role may do; each may do what those before it may.
import type { Role } from '../../state/session.ts'

export const roles: readonly { readonly role: Role; readonly text: string }[] = [
  { role: 'viewer', text: 'sees everything, changes nothing' },
  { role: 'operator', text: 'uploads, enrolls devices, starts and stops operations' },
  { role: 'approver', text: 'also approves operations of others, and lifts limits in an emergency' },
  { role: 'admin', text: 'also makes people, services and webhooks, and exports the audit chain' },
]
