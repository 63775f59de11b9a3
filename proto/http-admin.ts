// What administrators say and hear, as schemas: principals, the audit chain, webhooks.
import Type, { type Static } from 'typebox'

const Time = Type.String({ description: 'RFC 3339, UTC' })
const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> => Type.Union([schema, Type.Null()])
const Count = Type.Integer({ minimum: 0 })
const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$' })

export const Role = Type.Union([
  Type.Literal('viewer'),
  Type.Literal('operator'),
  Type.Literal('approver'),
  Type.Literal('admin'),
])
export const PrincipalRequest = Type.Object(
  {
    name: Name,
    role: Role,
    expiresAt: Type.Optional(
      Type.String({
        maxLength: 40,
        description: 'RFC 3339; from then on the token opens nothing. Absent: it has no end',
      }),
    ),
  },
  { additionalProperties: false },
)
export type PrincipalRequest = Static<typeof PrincipalRequest>
export const PrincipalView = Type.Object({
  name: Type.String(),
  role: Role,
  createdAt: Time,
  tokenPrefix: Type.Optional(Nullable(Type.String({ description: 'first characters of the token' }))),
  expiresAt: Type.Optional(Nullable(Time)),
  lastUsedAt: Type.Optional(
    Nullable(Type.String({ description: 'RFC 3339, UTC; up to an hour behind; null: not used yet' })),
  ),
})
export type PrincipalView = Static<typeof PrincipalView>
export const PrincipalAnswer = Type.Object({
  ...PrincipalView.properties,
  token: Type.String({ description: 'shown once, stored as a hash' }),
})
export type PrincipalAnswer = Static<typeof PrincipalAnswer>

/** One record of the audit chain; the hash covers the canonical JSON of the stored record (docs/PROTOCOL.md). */
export const AuditView = Type.Object({
  number: Count,
  at: Time,
  actor: Type.String({ description: 'a principal, or policy:RULE' }),
  action: Type.String(),
  subject: Type.String(),
  operation: Nullable(Type.String()),
  requestId: Nullable(Type.String()),
  changes: Type.Array(Type.Unknown(), { description: 'JSON Patch, RFC 6902' }),
  data: Type.Unknown(),
  previous: Type.String(),
  hash: Type.String(),
})
export type AuditView = Static<typeof AuditView>
export const AuditHead = Type.Object({ number: Count, hash: Type.String() })
export type AuditHead = Static<typeof AuditHead>

export const WebhookEventName = Type.Union([
  Type.Literal('operation.paused'),
  Type.Literal('operation.aborted'),
  Type.Literal('operation.completed'),
  Type.Literal('operation.stopped'),
])
export const WebhookRequest = Type.Object(
  {
    url: Type.String({ minLength: 8, maxLength: 2048 }),
    events: Type.Array(WebhookEventName, { minItems: 1, maxItems: 4, uniqueItems: true }),
  },
  { additionalProperties: false },
)
export type WebhookRequest = Static<typeof WebhookRequest>
export const WebhookView = Type.Object({
  id: Type.String(),
  url: Type.String(),
  events: Type.Array(WebhookEventName),
  createdAt: Time,
  createdBy: Type.String(),
})
export type WebhookView = Static<typeof WebhookView>
export const WebhookAnswer = Type.Object({
  ...WebhookView.properties,
  secret: Type.String({ description: 'key of the signature; shown once' }),
})
export type WebhookAnswer = Static<typeof WebhookAnswer>

export const PrincipalEdit = Type.Object({ role: Role }, { additionalProperties: false })
export type PrincipalEdit = Static<typeof PrincipalEdit>
