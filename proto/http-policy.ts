// How an operation is asked to run, as schemas: limits, waves, rules, schedule. The defaults are the broker's
// (broker/core/policy.ts); what a schema cannot say (names that must exist, times that must follow) it checks, too.
import Type, { type Static } from 'typebox'

const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$' })
const Time = Type.String({ description: 'RFC 3339, UTC' })
const Minutes = (most: number) => Type.Integer({ minimum: 1, maximum: most })
const Percent = Type.Number({ minimum: 0, maximum: 100 })
const Share = Type.String({ pattern: '^(100|[1-9]?[0-9])%$', description: 'share of the targets, rounded up' })
const CountOrShare = (most: number) => Type.Union([Type.Integer({ minimum: 1, maximum: most }), Share])

export const Rate = Type.Object(
  {
    maximumPerMinute: Type.Integer({ minimum: 1, maximum: 100_000 }),
    exponential: Type.Optional(
      Type.Object(
        {
          basePerMinute: Type.Integer({ minimum: 1, maximum: 100_000 }),
          factor: Type.Number({ minimum: 1.1, maximum: 5 }),
          criterion: Type.Object(
            {
              kind: Type.Union([Type.Literal('notified'), Type.Literal('succeeded')]),
              count: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
            },
            { additionalProperties: false },
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type Rate = Static<typeof Rate>

export const WaveRequest = Type.Object(
  {
    size: CountOrShare(1_000_000),
    successPercent: Type.Optional(Percent),
    errorPercent: Type.Optional(Percent),
    minExecuted: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    soakMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_080 })),
    onSuccess: Type.Optional(Type.Union([Type.Literal('next'), Type.Literal('pause')])),
  },
  { additionalProperties: false },
)
export type WaveRequest = Static<typeof WaveRequest>

const FailureMatch = Type.Union([
  Type.String({ minLength: 1, maxLength: 32, description: 'FAIL, TIMED_OUT, ALL, or a failure class' }),
  Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { minItems: 1, maxItems: 64, description: 'codes' }),
])
export const AbortRequest = Type.Object(
  {
    match: FailureMatch,
    minExecuted: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    percent: Percent,
    firstWaveOnly: Type.Optional(Type.Boolean()),
    action: Type.Union([
      Type.Literal('pause'),
      Type.Literal('stop'),
      Type.Object({ rollback: Type.String({ minLength: 1, maxLength: 80 }) }, { additionalProperties: false }),
    ]),
  },
  { additionalProperties: false },
)
export type AbortRequest = Static<typeof AbortRequest>

export const RetryRequest = Type.Object(
  {
    match: FailureMatch,
    limit: Type.Integer({ minimum: 1, maximum: 10 }),
    delaySeconds: Type.Optional(Type.Number({ minimum: 0, maximum: 604_800 })),
    factor: Type.Optional(Type.Number({ minimum: 1, maximum: 10 })),
    jitter: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  },
  { additionalProperties: false },
)
export type RetryRequest = Static<typeof RetryRequest>

export const WindowRequest = Type.Object(
  {
    cron: Type.String({ minLength: 9, maxLength: 120, description: 'five fields' }),
    minutes: Minutes(10_080),
    timeZone: Type.String({ minLength: 1, maxLength: 64, description: 'IANA name' }),
  },
  { additionalProperties: false },
)
export const ScheduleRequest = Type.Object(
  {
    startAt: Type.Optional(Time),
    endAt: Type.Optional(Time),
    onEnd: Type.Optional(Type.Union([Type.Literal('finish'), Type.Literal('stop')])),
    windows: Type.Optional(Type.Array(WindowRequest, { maxItems: 16 })),
    install: Type.Optional(Type.Union([Type.Literal('any-time'), Type.Literal('in-window')])),
  },
  { additionalProperties: false },
)
export type ScheduleRequest = Static<typeof ScheduleRequest>

const DeliveryTransport = Type.Union([Type.Literal('auto'), Type.Literal('pull'), Type.Literal('broadcast')], {
  description: 'auto: whatever costs least for each device',
})
const BytesPerSecond = Type.Integer({
  minimum: 1024,
  maximum: 100_000_000_000,
  description: 'of all devices of the operation together',
})
const RetryByPull = Type.Boolean({
  description:
    'a device whose broadcast failed (UPD4_FAIL_45) is offered the update once more, to pull it; default true',
})
/** How the bytes of an update come to its devices. */
export const DeliveryRequest = Type.Object(
  {
    transport: Type.Optional(DeliveryTransport),
    bytesPerSecond: Type.Optional(BytesPerSecond),
    retryByPull: Type.Optional(RetryByPull),
  },
  { additionalProperties: false },
)
export type DeliveryRequest = Static<typeof DeliveryRequest>
/** What is not named stays; null lifts the limit. */
export const DeliveryEdit = Type.Object(
  {
    transport: Type.Optional(DeliveryTransport),
    bytesPerSecond: Type.Optional(Type.Union([BytesPerSecond, Type.Null()])),
    retryByPull: Type.Optional(RetryByPull),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type DeliveryEdit = Static<typeof DeliveryEdit>
export const DeliveryView = Type.Object({
  transport: DeliveryTransport,
  bytesPerSecond: Type.Union([Type.Integer(), Type.Null()]),
  retryByPull: Type.Boolean(),
})

export const PolicyRequest = Type.Object(
  {
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })),
    concurrency: Type.Optional(
      Type.Union([
        CountOrShare(100_000),
        Type.Object(
          {
            count: Type.Integer({ minimum: 1, maximum: 100_000 }),
            percent: Type.Integer({ minimum: 1, maximum: 100 }),
          },
          { additionalProperties: false, description: 'the smaller of the two' },
        ),
      ]),
    ),
    offlinePolicy: Type.Optional(Type.Union([Type.Literal('wait'), Type.Literal('skip')])),
    rate: Type.Optional(Rate),
    waves: Type.Optional(Type.Array(WaveRequest, { maxItems: 50 })),
    abort: Type.Optional(Type.Array(AbortRequest, { maxItems: 20 })),
    retries: Type.Optional(Type.Array(RetryRequest, { maxItems: 20 })),
    schedule: Type.Optional(ScheduleRequest),
    delivery: Type.Optional(DeliveryRequest),
    approval: Type.Optional(Type.Boolean()),
    logOnFailure: Type.Optional(
      Type.Boolean({ description: 'a device whose attempt fails sends what it logged of late; default false' }),
    ),
    prerequisites: Type.Optional(
      Type.Array(
        Type.Object(
          { component: Name, versionLeast: Type.String({ pattern: '^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$' }) },
          { additionalProperties: false },
        ),
        { maxItems: 32 },
      ),
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
