// What operators say and hear, as schemas: HTTP validates with them, MQTT JSON answers and the CLI use the same types.
// Times are RFC 3339 in UTC; the event log follows the documented `GET /v3/device-events`, everything else is ours.
import Type, { type Static } from 'typebox'
import { DeliveryEdit, DeliveryView, PolicyRequest, Rate, WindowRequest } from './http-policy.ts'

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
  group: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  attributes: Type.Record(Type.String(), Type.String()),
  quarantinedAt: Nullable(Time),
  reportKey: Nullable(Type.Object({ sha256: Type.String(), refusedAt: Nullable(Time) })),
})
export type DeviceView = Static<typeof DeviceView>

export const EnrollRequest = Type.Object({ device: Name }, { additionalProperties: false })
export type EnrollRequest = Static<typeof EnrollRequest>
export const EnrollAnswer = Type.Object({
  device: Type.String(),
  secret: Type.String({ description: 'MQTT password of the device; shown once, stored as a hash' }),
})
export type EnrollAnswer = Static<typeof EnrollAnswer>

/** What is left out stays as it is; null takes it away. */
export const DeviceEdit = Type.Object(
  {
    group: Type.Optional(Nullable(Name)),
    tags: Type.Optional(
      Type.Object(
        {
          add: Type.Optional(Type.Array(Name, { maxItems: 32 })),
          remove: Type.Optional(Type.Array(Name, { maxItems: 32 })),
        },
        { additionalProperties: false },
      ),
    ),
    attributes: Type.Optional(
      Type.Record(Name, Nullable(Type.String({ maxLength: 256 })), { maxProperties: 32, additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
)
export type DeviceEdit = Static<typeof DeviceEdit>

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
      format: Type.String({ description: 'raw, delta-zstd or combined' }),
      precursorSha256: Nullable(Type.String({ description: 'of a delta: the image a device must have installed' })),
      payloadSize: Type.Integer(),
      expiresAt: Time,
      signatures: Type.Array(Type.Object({ keyId: Type.String() })),
    }),
  ),
})
export type ReleaseView = Static<typeof ReleaseView>

export const Targets = Type.Union([
  Type.Object({ devices: Type.Array(Name, { minItems: 1, maxItems: targetsMax }) }, { additionalProperties: false }),
  Type.Object({ all: Type.Literal(true) }, { additionalProperties: false }),
  Type.Object(
    {
      filter: Type.String({ maxLength: 4096, description: 'field__op=value joined with &' }),
      open: Type.Optional(
        Type.Boolean({ description: 'devices that match later join, until the operation is stopped' }),
      ),
    },
    { additionalProperties: false },
  ),
])
/** Which of `release`, `arguments`, `backup` and `signed` belong there is the type's to say. */
export const OperationRequest = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    type: Type.String({ minLength: 1, maxLength: 64, description: 'firmware-update, config-backup, reboot, …' }),
    release: Type.Optional(
      Type.String({ minLength: 1, maxLength: 80, description: 'firmware-update: release id, or component@version' }),
    ),
    arguments: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'as the type takes them: the patch, the command' }),
    ),
    backup: Type.Optional(
      Type.Object(
        { operation: Type.String(), device: Name },
        { additionalProperties: false, description: 'config-restore: the configuration this device sent there' },
      ),
    ),
    signed: Type.Optional(
      Type.Object(
        {
          id: Type.String({ pattern: '^[0-9a-z]{26}$', description: 'the operation id the command was signed for' }),
          envelope: Type.String({ maxLength: 90_000, description: 'SignedEnvelope of the Command, base64' }),
        },
        {
          additionalProperties: false,
          description: 'a command signed by people: types the operations key may not sign',
        },
      ),
    ),
    targets: Targets,
    policy: Type.Optional(PolicyRequest),
  },
  { additionalProperties: false },
)
export type OperationRequest = Static<typeof OperationRequest>

/** What may change while an operation runs; null takes a limit away. */
export const OperationEdit = Type.Object(
  {
    concurrency: PolicyRequest.properties.concurrency,
    rate: Type.Optional(Nullable(Rate)),
    windows: Type.Optional(Type.Array(WindowRequest, { maxItems: 16 })),
    delivery: Type.Optional(DeliveryEdit),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type OperationEdit = Static<typeof OperationEdit>

export const ReasonRequest = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 500 }) },
  { additionalProperties: false },
)
export type ReasonRequest = Static<typeof ReasonRequest>

const CodeCount = Type.Object({
  code: Type.String(),
  count: Count,
  text: Type.String(),
  correctiveAction: Type.String(),
})

/** As the devices say; of the last attempt of each. Bytes. */
const transferred = {
  imageBytes: Type.Integer({ minimum: 0, description: 'of the payloads: what would be sent without any saving' }),
  wireBytes: Type.Integer({ minimum: 0, description: 'what came instead: chunks as encoded, chunk indexes, patches' }),
  saved: Type.Object({
    held: Type.Integer({
      minimum: 0,
      description: 'chunks the device had: in its installed image, or from before a cut',
    }),
    patch: Type.Integer({ minimum: 0, description: 'made by a patch, without what the patch itself took' }),
    compression: Type.Integer({ minimum: 0, description: 'chunks that came, without what they took on the wire' }),
    broadcast: Type.Integer({
      minimum: 0,
      description: 'of what came: heard in a session, sent once for all and not asked for one by one',
    }),
  }),
}
const OperationTransfer = Type.Object(
  { devices: Type.Integer({ minimum: 1, description: 'that ended with a word about their download' }), ...transferred },
  { description: 'sums over the devices that have ended' },
)
export type OperationTransfer = Static<typeof OperationTransfer>
const ExecutionTransfer = Type.Object(transferred)
export type ExecutionTransfer = Static<typeof ExecutionTransfer>

export const OperationView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  /** Word for people. */
  typeName: Type.String(),
  state: Type.String(),
  /** The words of the two documented pages. */
  updateStatus: Type.String(),
  operationStatus: Type.String(),
  release: Nullable(Type.String()),
  component: Nullable(Type.String()),
  targetVersion: Nullable(Type.String()),
  arguments: Nullable(Type.Unknown({ description: 'secrets masked' })),
  targets: Type.Unknown(),
  createdBy: Type.String(),
  origin: Nullable(Type.Object({ kind: Type.String(), operation: Type.String() })),
  approvedBy: Nullable(Type.String()),
  refusedBy: Nullable(Type.String()),
  stoppedBy: Nullable(Type.String({ description: 'a principal, or policy:RULE' })),
  override: Nullable(Type.Object({ by: Type.String(), at: Time, reason: Type.String() })),
  pause: Nullable(Type.Object({ by: Type.String(), at: Time, reason: Type.String() })),
  requestedAt: Time,
  startedAt: Nullable(Time),
  completedAt: Nullable(Time),
  sensors: Count,
  updated: Count,
  errors: Count,
  counts: Type.Object({ pending: Count, inProgress: Count, completed: Count, failed: Count, skipped: Count }),
  retrying: Count,
  handOvers: Count,
  wave: Nullable(
    Type.Object({
      /** From 1; beyond `of`: all waves are passed. */
      number: Count,
      of: Count,
      handedOver: Count,
      executed: Count,
      succeeded: Count,
      failed: Count,
      soakUntil: Nullable(Time),
    }),
  ),
  codes: Type.Array(CodeCount),
  /** Errors by the four words of the update-status page. */
  reasons: Type.Array(Type.Object({ reason: Type.String(), count: Count })),
  transfer: Nullable(OperationTransfer),
  throughput: Nullable(
    Type.Integer({
      minimum: 0,
      description:
        'chunks and patches that go out now, bytes a second; null when it has ended, and in answers to changes',
    }),
  ),
  policy: Type.Object({
    concurrency: Type.Integer({ description: 'the limit in force now' }),
    timeoutDays: Type.Number(),
    stepTimeoutMinutes: Type.Integer(),
    inProgressTimeoutMinutes: Type.Integer(),
    confirmTimeoutMinutes: Type.Integer(),
    stopTimeoutMinutes: Type.Integer(),
    priority: Type.Integer(),
    offlinePolicy: Type.String(),
    rate: Nullable(Rate),
    waves: Type.Array(Type.Unknown()),
    abort: Type.Array(Type.Unknown()),
    retries: Type.Array(Type.Unknown()),
    schedule: Type.Object({
      startAt: Nullable(Time),
      endAt: Nullable(Time),
      onEnd: Type.String(),
      windows: Type.Array(WindowRequest),
      install: Type.String(),
    }),
    approval: Type.Boolean(),
    logOnFailure: Type.Boolean(),
    delivery: DeliveryView,
    prerequisites: Type.Array(Type.Object({ component: Type.String(), versionLeast: Type.String() })),
  }),
})
export type OperationView = Static<typeof OperationView>

/** Whom an operation would touch, and why not the others; nothing is made. */
export const OperationPlan = Type.Object({
  sensors: Count,
  /** False: there are more targets than were looked at. */
  complete: Type.Boolean(),
  verdicts: Type.Array(
    Type.Object({
      verdict: Type.String({
        description: 'hand-over, wait-offline, or what would end it: the code, and the reason where a code has several',
      }),
      count: Count,
      devices: Type.Array(Type.String(), { description: 'the first of them' }),
    }),
  ),
  policy: OperationView.properties.policy,
})
export type OperationPlan = Static<typeof OperationPlan>

/** What holds a device back in an operation, or how it ended. */
export const Explanation = Type.Object({
  operation: Type.String(),
  device: Type.String(),
  state: Type.String(),
  /** One fixed word: other-operation, window, permit, rate, wave, soak, offline, … */
  rule: Type.String(),
  message: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown()),
})
export type Explanation = Static<typeof Explanation>

export const ExecutionView = Type.Object({
  operation: Type.String(),
  device: Type.String(),
  state: Type.String(),
  status: Type.String({ description: 'word of the operations page' }),
  step: Nullable(Type.String()),
  attempt: Type.Integer(),
  format: Nullable(Type.String({ description: 'of what the last attempt brought: raw, delta-zstd or combined' })),
  manifest: Nullable(Type.String({ description: 'SHA-256 of the manifest it brought' })),
  code: Nullable(Type.String()),
  message: Nullable(Type.String()),
  correctiveAction: Nullable(Type.String()),
  data: Type.Record(Type.String(), Type.String()),
  provisional: Type.Boolean(),
  transfer: Nullable(ExecutionTransfer),
  initialVersion: Nullable(Type.String()),
  updatedVersion: Nullable(Type.String()),
  wave: Nullable(Type.Integer({ description: 'from 1' })),
  /** Word of the update-status page, of an error. */
  reason: Nullable(Type.String()),
  nextAttemptAt: Nullable(Time),
  addedAt: Time,
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

export const BackupView = Type.Object({
  operation: Type.String(),
  device: Type.String(),
  sha256: Type.String(),
  version: Type.String(),
  sizeBytes: Count,
  at: Time,
})
export type BackupView = Static<typeof BackupView>

export const DeviceLogView = Type.Object({
  id: Type.String({ description: '`device_log_id` of the event that told the failure' }),
  operation: Type.String(),
  device: Type.String(),
  attempt: Count,
  sizeBytes: Count,
  cut: Type.Boolean({ description: 'older lines of the same operation did not fit' }),
  at: Time,
})
export type DeviceLogView = Static<typeof DeviceLogView>
