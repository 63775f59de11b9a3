// The audit log under Admin, loaded when it is opened first.
import { later } from '../../parts/later.tsx'

export const AuditPage = later(async () => (await import('./audit-log.tsx')).AuditLog)
