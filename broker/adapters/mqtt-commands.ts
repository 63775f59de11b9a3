// The operators' door by MQTT: JSON on `operators/{name}/request/{verb}`, answered on `…/accepted/{requestId}` or
// `…/rejected/{requestId}`. `mosquitto_pub` is enough. A request sent twice (QoS 1 may do that) is carried out once.
// What can be asked is the table of broker/doors: the parameters of path and query and the fields of the body stand
// side by side in one object. Answers with secrets are no leak here: only the operator himself may read his topics.
import { createHash } from 'node:crypto'
import Type, { type TSchema } from 'typebox'
import type { PrincipalName } from '../../proto/ids.ts'
import { operatorAnswerTopic } from '../../proto/topics.ts'
import type { Principal } from '../core/records.ts'
import { checked } from '../doors/checked.ts'
import { parseJsonText } from '../doors/json-text.ts'
import type { Asked, Verb } from '../doors/verb.ts'
import { requestIdPattern, requestIdWords, verbs } from '../doors/verbs.ts'
import { BrokerError, RequestRefused } from '../errors.ts'
import type { Log, OperatorChannel } from '../ports.ts'
import type { UseCases } from '../use-cases/use-cases.ts'

/** Bytes of one request. */
const requestBytesMax = 256 * 1024
/** Answers remembered for requests that arrive again, over all operators. */
const answersMax = 2000

interface Answer {
  readonly topic: string
  readonly message: object
  /** The same request would be answered the same. */
  readonly final: boolean
}

interface ReadVerb {
  readonly verb: Verb
  /** Throws RequestRefused INVALID that names each wrong field. */
  readonly read: (fields: Readonly<Record<string, unknown>>) => Asked
}

export class MqttCommands {
  readonly #useCases: UseCases
  readonly #channel: OperatorChannel
  readonly #log: Log
  readonly #verbs: ReadonlyMap<string, ReadVerb>
  readonly #answers = new Map<string, Promise<Answer>>()

  constructor(useCases: UseCases, channel: OperatorChannel, log: Log) {
    this.#useCases = useCases
    this.#channel = channel
    this.#log = log
    this.#verbs = new Map(verbs.map(verb => [verb.name, { verb, read: readerOf(verb) }]))
  }

  /** Never rejects: every outcome is an answer to the operator. */
  async handle(by: Principal, verb: string, payload: Uint8Array): Promise<void> {
    const { requestId, fields, problem } = parsed(payload)
    // Only what changes something must not happen twice; a question asked again gets a fresh answer. The use cases keep
    // answers durably, but none with a secret in it: those are known here, for as long as there is room.
    const changes = this.#verbs.get(verb)?.verb.changes === true
    const key = changes && problem === undefined ? `${by.name}/${verb}/${requestId}/${sha256(payload)}` : undefined
    const known = key === undefined ? undefined : this.#answers.get(key)
    const answer = known ?? this.#answered(by, verb, requestId, fields, problem)
    if (key !== undefined && known === undefined) this.#remember(key, answer)
    const { topic, message, final } = await answer
    // The broker could not, this time: a repetition is a new try.
    if (key !== undefined && !final) this.#answers.delete(key)
    this.#channel.publish(topic, message)
  }

  async #answered(
    by: Principal,
    name: string,
    requestId: string,
    fields: Readonly<Record<string, unknown>>,
    problem: RequestRefused | undefined,
  ): Promise<Answer> {
    try {
      if (problem !== undefined) throw problem
      const found = this.#verbs.get(name)
      if (found === undefined)
        throw new RequestRefused('INVALID', `no verb ${name}`, [
          { name: 'verb', message: `expected one of ${[...this.#verbs.keys()].join(', ')}` },
        ])
      const { verb, read } = found
      const caller = verb.changes ? { ...by, requestId } : by
      const result = (await verb.perform(this.#useCases, caller, read(fields))) ?? null
      return {
        topic: operatorAnswerTopic(by.name, 'accepted', requestId),
        message: { requestId, verb: name, result },
        final: true,
      }
    } catch (error) {
      return this.#rejected(by.name, name, requestId, error)
    }
  }

  #rejected(name: PrincipalName, verb: string, requestId: string, error: unknown): Answer {
    const topic = operatorAnswerTopic(name, 'rejected', requestId)
    if (error instanceof RequestRefused) {
      const { code, message, fields } = error
      return { topic, message: { requestId, verb, code, message, fields }, final: code !== 'UNAVAILABLE' }
    }
    this.#log.error({ event: 'command-failed', verb, by: name, err: error }, 'command failed')
    const code = error instanceof BrokerError ? error.code : 'INTERNAL'
    return {
      topic,
      message: { requestId, verb, code, message: 'the broker could not carry it out', fields: [] },
      final: false,
    }
  }

  #remember(key: string, answer: Promise<Answer>): void {
    this.#answers.set(key, answer)
    const oldest = this.#answers.keys().next()
    if (this.#answers.size > answersMax && oldest.done !== true) this.#answers.delete(oldest.value)
  }
}

/** Parameters of path and query are taken out by name; what is left is the body. */
function readerOf(verb: Verb): ReadVerb['read'] {
  const properties: Record<string, TSchema> = {}
  for (const name of verb.pathNames) properties[name] = Type.String({ minLength: 1, maxLength: 256 })
  for (const [name, { schema }] of Object.entries(verb.query)) properties[name] = Type.Optional(schema)
  const parameters = checked(Type.Object(properties, { additionalProperties: false }))
  const body = verb.body === undefined ? undefined : checked(verb.body)
  return fields => {
    const [named, rest] = divided(fields, name => body === undefined || Object.hasOwn(properties, name))
    const values = parameters(named) as Readonly<Record<string, unknown>>
    const [path, query] = divided(values, name => verb.pathNames.includes(name))
    return { path: path as Asked['path'], query, body: body?.(rest) }
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

function divided(
  fields: Readonly<Record<string, unknown>>,
  isFirst: (name: string) => boolean,
): readonly [first: Record<string, unknown>, second: Record<string, unknown>] {
  const entries = Object.entries(fields)
  return [
    Object.fromEntries(entries.filter(([name]) => isFirst(name))),
    Object.fromEntries(entries.filter(([name]) => !isFirst(name))),
  ]
}

/** The request id apart from the rest; a request without a usable one is answered under `unknown`. */
function parsed(payload: Uint8Array): {
  readonly requestId: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly problem?: RequestRefused
} {
  const refused = (message: string, field: string) => ({
    requestId: 'unknown',
    fields: {},
    problem: new RequestRefused('INVALID', message, [{ name: field, message }]),
  })
  if (payload.length > requestBytesMax) return refused(`expected at most ${requestBytesMax} bytes`, 'body')
  let value: unknown
  try {
    value = parseJsonText(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (error) {
    return refused(error instanceof RequestRefused ? error.message : 'expected a JSON object', 'body')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('expected a JSON object', 'body')
  const { requestId, ...fields } = value as Record<string, unknown>
  return typeof requestId === 'string' && requestIdPattern.test(requestId)
    ? { requestId, fields }
    : refused(requestIdWords, 'requestId')
}
