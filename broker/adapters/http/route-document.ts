// What the OpenAPI document says of one route, beside what the route itself shows (method and address).
import type { TProperties, TSchema } from 'typebox'
import type { PrincipalRole } from '../../core/records.ts'

export interface RouteDocument {
  /** The operation id; its first word is the tag. */
  readonly name: string
  readonly summary: string
  /** Absent: needs no token. */
  readonly role?: PrincipalRole
  /** There is an MQTT verb of the same name. */
  readonly mqtt?: boolean
  readonly query?: TProperties
  readonly headers?: TProperties
  readonly body?: { readonly type: string; readonly schema: TSchema }
  readonly answer: {
    readonly status: number
    readonly description: string
    /** Absent: nothing is answered. */
    readonly content?: { readonly type: string; readonly schema: TSchema }
  }
}

export const json = 'application/json'

export function inJson(status: number, description: string, schema: TSchema): RouteDocument['answer'] {
  return { status, description, content: { type: json, schema } }
}
