// What the console asks beside the tables: who is signed in, the fleet in numbers, and whether the audit chain holds.
// Programs may ask the same.
import Type, { type Static } from 'typebox'
import { Role } from './http-admin.ts'
import { ExecutionView } from './http-api.ts'

const Time = Type.String({ description: 'RFC 3339, UTC' })
const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> => Type.Union([schema, Type.Null()])
const Count = Type.Integer({ minimum: 0 })

/** The words of the update-status page and of the operations page. */
export const updateStatuses = ['Pending', 'Processing', 'Completed', 'Stopped'] as const
export type UpdateStatus = (typeof updateStatuses)[number]
export const operationStatuses = ['Pending', 'Running', 'Completed', 'Failed', 'Cancelled'] as const
export type OperationStatus = (typeof operationStatuses)[number]

/** What one operation was to one device: its updates, configuration changes (`data.diff`), restores, backups. */
export const DeviceOperationView = Type.Object({
  operation: Type.Object({
    id: Type.String(),
    name: Type.String(),
    type: Type.String(),
    typeName: Type.String(),
    state: Type.String(),
    component: Nullable(Type.String()),
    targetVersion: Nullable(Type.String()),
    createdBy: Type.String(),
    requestedAt: Time,
  }),
  execution: ExecutionView,
})
export type DeviceOperationView = Static<typeof DeviceOperationView>

/** What each event code means and what to do about it: `event_type` of an event is one of them. */
export const EventCodeListing = Type.Object({
  data: Type.Array(
    Type.Object({
      code: Type.String(),
      text: Type.String({ description: '`description` of events with this code' }),
      explanation: Type.String(),
      correctiveAction: Nullable(Type.String({ description: 'null: nothing to do' })),
      types: Type.Array(Type.String(), { description: '`event_type_description`; the first is the usual one' }),
      category: Type.String(),
      failureClass: Nullable(Type.String({ description: 'who has to act; null: no failure of somebody' })),
    }),
  ),
})
export type EventCodeListing = Static<typeof EventCodeListing>

/** Signs a browser in. The answer sets a cookie that scripts cannot read; the token itself is kept nowhere. */
export const SessionRequest = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 256 }) },
  { additionalProperties: false },
)
export type SessionRequest = Static<typeof SessionRequest>
export const SessionView = Type.Object({
  name: Type.String(),
  role: Role,
  expiresAt: Nullable(
    Type.String({ description: 'RFC 3339, UTC: when the session ends unless it is used; null: asked with a token' }),
  ),
})
export type SessionView = Static<typeof SessionView>

/** The fleet in numbers, counted in the background and therefore of a moment ago. */
export const FleetView = Type.Object({
  countedAt: Nullable(Type.String({ description: 'RFC 3339, UTC: when the count ended; null before the first one' })),
  devices: Type.Integer({ minimum: 0, description: 'registered' }),
  online: Type.Integer({ minimum: 0, description: 'connected now' }),
  quarantined: Count,
  components: Type.Array(
    Type.Object({
      component: Type.String(),
      devices: Count,
      versions: Type.Array(Type.Object({ version: Type.String(), digest: Type.String(), devices: Count }), {
        description: 'most devices first; those with the fewest are summed up in `others`',
      }),
      others: Count,
    }),
    { description: 'most devices first' },
  ),
})
export type FleetView = Static<typeof FleetView>

/** Failures by code over time, from the event log: FAIL events in steps of one hour. */
export const FailureHistory = Type.Object({
  since: Type.String({ description: 'RFC 3339, UTC: beginning of the first step' }),
  complete: Type.Boolean({ description: 'false: older events of the span are still being read, or were too many' }),
  stepSeconds: Type.Integer({ minimum: 1 }),
  codes: Type.Array(
    Type.Object({
      code: Type.String(),
      text: Type.String(),
      total: Count,
      counts: Type.Array(Count, { description: 'one for each step, oldest first' }),
    }),
    { description: 'most frequent first' },
  ),
})
export type FailureHistory = Static<typeof FailureHistory>

/** Whether the hashes of the audit chain hold, checked in the background from the first record on. */
export const AuditVerification = Type.Object({
  state: Type.Union([Type.Literal('checking'), Type.Literal('holds'), Type.Literal('broken')]),
  checkedTo: Type.Integer({ minimum: 0, description: 'number of the last record that was checked' }),
  head: Type.Integer({ minimum: 0, description: 'number of the last record there is' }),
  checkedAt: Nullable(Time),
  firstBroken: Nullable(Type.Integer({ minimum: 1, description: 'number of the first record that does not fit' })),
})
export type AuditVerification = Static<typeof AuditVerification>

/**
 * Of a live stream: the log has grown, without what was written. One at the beginning and with every heartbeat, and at most
 * one a second in between.
 */
export const ActivityMessage = Type.Object({
  at: Time,
  newestEvent: Nullable(Type.String({ description: 'id of the newest event' })),
  events: Type.Integer({ minimum: 0, description: 'since the last such message' }),
})
export type ActivityMessage = Static<typeof ActivityMessage>
