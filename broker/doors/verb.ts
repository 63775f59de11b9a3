// One thing an operator can ask for, as every door needs to know it: its name, what it takes, what it answers, which
// role is enough, and the use case behind it. HTTP makes a route of it, MQTT a verb; the OpenAPI document describes it.
//
//   HTTP   PATCH /v1/devices/sensor-1   {"group": "hall"}                 ┐ path {id}, query {}, body {group}
//   MQTT   …/request/device-edit        {"id": "sensor-1", "group": "hall"} ┘      ─▶ perform ─▶ answer
import type { Static, TObject, TSchema } from 'typebox'
import type { PrincipalRole } from '../core/records.ts'
import type { Caller, UseCases } from '../use-cases/use-cases.ts'
import type { Parameters, ValuesOf } from './parameters.ts'

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
export type PathNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

/** What was asked, read and checked by a door. */
export interface Asked {
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  /** Of the type of `body`; undefined where there is none. */
  readonly body: unknown
}

export interface Verb {
  /** `noun-verb`, at most 32 of `a-z` and `-`: the MQTT verb and the operation id of OpenAPI. */
  readonly name: string
  readonly summary: string
  /** For people who read the documentation; the use cases judge. */
  readonly role: PrincipalRole
  readonly method: Method
  /** `:name` is a parameter. */
  readonly path: string
  readonly pathNames: readonly string[]
  readonly status: 200 | 201 | 204
  readonly query: Parameters
  readonly body?: TObject
  /** Absent: nothing is answered. */
  readonly answer?: TSchema
  /** Something is changed: a repetition under the same request id must not happen twice. */
  readonly changes: boolean
  /** Address of what was made. */
  readonly location?: (answer: object) => string
  readonly perform: (useCases: UseCases, by: Caller, asked: Asked) => Promise<object | undefined>
}

interface VerbSource<Path extends string, Query extends Parameters, Body extends TObject, Answer extends object> {
  readonly name: string
  readonly summary: string
  readonly role: PrincipalRole
  readonly http: readonly [method: Method, path: Path, status?: 201]
  readonly query?: Query
  readonly body?: Body
  readonly answer?: TSchema
  /** Although it is no GET. */
  readonly changesNothing?: true
  readonly location?: (answer: Answer) => string
  readonly perform: (
    useCases: UseCases,
    by: Caller,
    asked: {
      readonly path: Readonly<Record<PathNames<Path>, string>>
      readonly query: ValuesOf<Query>
      readonly body: Static<Body>
    },
  ) => Promise<Answer> | Promise<void>
}

/** A row of the table. The doors keep the promise that what `perform` is given has been checked against the row. */
export function verb<
  const Path extends string,
  Query extends Parameters = Record<never, never>,
  Body extends TObject = TObject,
  Answer extends object = object,
>(source: VerbSource<Path, Query, Body, Answer>): Verb {
  const { http, query, body, answer, changesNothing, location, perform, ...words } = source
  const [method, path, status] = http
  return {
    ...words,
    method,
    path,
    pathNames: [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name),
    status: answer === undefined ? 204 : (status ?? 200),
    query: query ?? {},
    changes: method !== 'GET' && changesNothing !== true,
    ...(body === undefined ? {} : { body }),
    ...(answer === undefined ? {} : { answer }),
    ...(location === undefined ? {} : { location: location as (answer: object) => string }),
    perform: async (useCases, by, asked) => (await perform(useCases, by, asked as never)) ?? undefined,
  }
}

/** `collection/id`, percent-encoded. */
export function addressIn(collection: string, id: string): string {
  return `${collection}/${encodeURIComponent(id)}`
}
