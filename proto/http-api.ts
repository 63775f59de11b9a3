// What operators say and hear, as schemas: HTTP validates with them, MQTT JSON answers and the CLI use the same types.
// Times are RFC 3339 in UTC; the event log follows the documented `GET /v3/device-events`, everything else is ours.
import Type, { type Static } from 'typebox'

const Time = Type.String({ description: 'RFC 3339, UTC' })
const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> => Type.Union([schema, Type.Null()])
const Count = Type.Integer({ minimum: 0 })
const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$' })

/** Upper bounds of one request. */
export const pageLimitMax = 1000
export const pageLimitDefault = 50
export const targetsMax = 10_000

export const ErrorBody = Type.Object({
  object: Type.Literal('error'),
  code: Type.Integer(),
  type: Type.String(),
  message: Type.String(),
  fields: Type.Array(Type.Object({ name: Type.String(), message: Type.String() })),
  request_id: Type.String(),
})
export type ErrorBody = Static<typeof ErrorBody>

export interface Listing<T> {
  readonly object: 'list'
  readonly data: readonly T[]
  readonly limit: number
  readonly after: string | null
  readonly has_more: boolean
}
export const ListingOf = <T extends Type.TSchema>(item: T) =>
  Type.Object({
    object: Type.Literal('list'),
    data: Type.Array(item),
    limit: Type.Integer(),
    after: Nullable(Type.String()),
    has_more: Type.Boolean(),
  })

export const DeviceView = Type.Object({
  id: Type.String(),
  state: Type.Union([Type.Literal('enrolled'), Type.Literal('registered')]),
  online: Type.Boolean(),
  registeredAt: Nullable(Time),
  lastHelloAt: Nullable(Time),
  vendorId: Nullable(Type.String()),
  classId: Nullable(Type.String()),
  agentVersion: Nullable(Type.String()),
  components: Type.Array(Type.Object({ name: Type.String(), version: Type.String(), digest: Type.String() })),
})
export type DeviceView = Static<typeof DeviceView>

export const EnrollRequest = Type.Object({ device: Name }, { additionalProperties: false })
export type EnrollRequest = Static<typeof EnrollRequest>
export const EnrollAnswer = Type.Object({
  device: Type.String(),
  secret: Type.String({ description: 'MQTT password of the device; shown once, stored as a hash' }),
})
export type EnrollAnswer = Static<typeof EnrollAnswer>

export const Role = Type.Union([
  Type.Literal('viewer'),
  Type.Literal('operator'),
  Type.Literal('approver'),
  Type.Literal('admin'),
])
export const PrincipalRequest = Type.Object({ name: Name, role: Role }, { additionalProperties: false })
export type PrincipalRequest = Static<typeof PrincipalRequest>
export const PrincipalView = Type.Object({ name: Type.String(), role: Role, createdAt: Time })
export type PrincipalView = Static<typeof PrincipalView>
export const PrincipalAnswer = Type.Object({
  name: Type.String(),
  role: Role,
  createdAt: Time,
  token: Type.String({ description: 'shown once, stored as a hash' }),
})
export type PrincipalAnswer = Static<typeof PrincipalAnswer>

export const ReleaseView = Type.Object({
  id: Type.String(),
  component: Type.String(),
  version: Type.String(),
  installedSha256: Type.String(),
  createdAt: Time,
  createdBy: Type.String(),
  manifests: Type.Array(
    Type.Object({
      sha256: Type.String(),
      vendorId: Type.String(),
      classId: Type.String(),
      deviceId: Nullable(Type.String()),
      artifact: Type.String(),
      payloadSize: Type.Integer(),
      expiresAt: Time,
    }),
  ),
})
export type ReleaseView = Static<typeof ReleaseView>

const Minutes = (most: number) => Type.Integer({ minimum: 1, maximum: most })
export const PolicyRequest = Type.Object(
  {
    concurrency: Type.Optional(
      Type.Union([
        Type.Integer({ minimum: 1, maximum: 100_000 }),
        Type.String({ pattern: '^(100|[1-9]?[0-9])%$', description: 'share of the targets, rounded up' }),
      ]),
    ),
    timeoutDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 365 })),
    stepTimeoutMinutes: Type.Optional(Minutes(10_080)),
    inProgressTimeoutMinutes: Type.Optional(Minutes(525_600)),
    confirmTimeoutMinutes: Type.Optional(Minutes(10_080)),
    stopTimeoutMinutes: Type.Optional(Minutes(10_080)),
  },
  { additionalProperties: false },
)
export type PolicyRequest = Static<typeof PolicyRequest>

export const OperationRequest = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    type: Type.Literal('firmware-update'),
    release: Type.String({ minLength: 1, maxLength: 80, description: 'release id, or component@version' }),
    targets: Type.Union([
      Type.Object(
        { devices: Type.Array(Name, { minItems: 1, maxItems: targetsMax }) },
        { additionalProperties: false },
      ),
      Type.Object({ all: Type.Literal(true) }, { additionalProperties: false }),
    ]),
    policy: Type.Optional(PolicyRequest),
  },
  { additionalProperties: false },
)
export type OperationRequest = Static<typeof OperationRequest>

export const OperationView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  state: Type.String(),
  /** The words of the two documented pages. */
  updateStatus: Type.String(),
  operationStatus: Type.String(),
  release: Type.String(),
  component: Type.String(),
  targetVersion: Type.String(),
  createdBy: Type.String(),
  stoppedBy: Nullable(Type.String()),
  requestedAt: Time,
  startedAt: Nullable(Time),
  completedAt: Nullable(Time),
  sensors: Count,
  updated: Count,
  errors: Count,
  counts: Type.Object({ pending: Count, inProgress: Count, completed: Count, failed: Count, skipped: Count }),
  codes: Type.Array(
    Type.Object({ code: Type.String(), count: Count, text: Type.String(), correctiveAction: Type.String() }),
  ),
  policy: Type.Object({
    concurrency: Type.Integer(),
    timeoutDays: Type.Number(),
    stepTimeoutMinutes: Type.Integer(),
    inProgressTimeoutMinutes: Type.Integer(),
    confirmTimeoutMinutes: Type.Integer(),
    stopTimeoutMinutes: Type.Integer(),
  }),
})
export type OperationView = Static<typeof OperationView>

export const ExecutionView = Type.Object({
  operation: Type.String(),
  device: Type.String(),
  state: Type.String(),
  status: Type.String({ description: 'word of the operations page' }),
  step: Nullable(Type.String()),
  attempt: Type.Integer(),
  code: Nullable(Type.String()),
  message: Nullable(Type.String()),
  correctiveAction: Nullable(Type.String()),
  data: Type.Record(Type.String(), Type.String()),
  provisional: Type.Boolean(),
  initialVersion: Nullable(Type.String()),
  updatedVersion: Nullable(Type.String()),
  handedOverAt: Nullable(Time),
  endedAt: Nullable(Time),
})
export type ExecutionView = Static<typeof ExecutionView>

export const EventView = Type.Object({
  id: Type.String(),
  object: Type.Literal('device-event'),
  date_time: Time,
  created_at: Time,
  etag: Type.String(),
  device_id: Type.String(),
  device_log_id: Type.String(),
  event_type: Type.String(),
  event_type_description: Type.String(),
  event_type_category: Type.String(),
  description: Type.String(),
  state_change: Type.Boolean(),
  changes: Type.Record(Type.String(), Type.Object({ from: Nullable(Type.String()), to: Nullable(Type.String()) })),
  data: Type.Record(Type.String(), Type.String()),
})
export type EventView = Static<typeof EventView>

export const EventListing = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(EventView),
  limit: Type.Integer(),
  after: Nullable(Type.String()),
  order: Type.Union([Type.Literal('ASC'), Type.Literal('DESC')]),
  has_more: Type.Boolean(),
  next: Type.Optional(Type.String({ description: '`after` of the next page; there whenever has_more is true' })),
  total_count: Type.Optional(Count),
})
export type EventListing = Static<typeof EventListing>
