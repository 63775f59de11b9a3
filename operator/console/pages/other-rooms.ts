// What is fetched in one piece as soon as somebody leaves overview and operations: the other pages, with their details. One
// piece and not one for each page: gzip finds again what it has seen in the same file only.
export { Artifacts } from './artifacts/artifacts.tsx'
export { AuditLog } from './audit/audit-log.tsx'
export { DevicesPage } from './devices/devices-page.tsx'
export { EventsPage } from './events/events-page.tsx'
export { People } from './people/people.tsx'
export { UpdateStatusPage } from './update-status/update-status-page.tsx'
