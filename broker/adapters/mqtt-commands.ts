// The operators' door by MQTT: JSON on `operators/{name}/request/{verb}`, answered on `…/accepted/{requestId}` or
// `…/rejected/{requestId}`. `mosquitto_pub` is enough. A request sent twice (QoS 1 may do that) is carried out once.
import Type, { type Static, type TSchema } from 'typebox'
import { OperationRequest } from '../../proto/http-api.ts'
import type { PrincipalName } from '../../proto/ids.ts'
import { operatorAnswerTopic } from '../../proto/topics.ts'
import type { Principal } from '../core/records.ts'
import { BrokerError, RequestRefused } from '../errors.ts'
import type { Log, OperatorChannel } from '../ports.ts'
import { validator } from '../use-cases/parsing.ts'
import type { UseCases } from '../use-cases/use-cases.ts'

/** Bytes of one request. */
const requestBytesMax = 256 * 1024
/** Answers remembered for requests that arrive again, over all operators. */
const answersMax = 2000

const id = Type.Object({ id: Type.String({ maxLength: 128 }) }, { additionalProperties: false })
const page = { after: Type.Optional(Type.String({ maxLength: 128 })), limit: Type.Optional(Type.Integer()) }
const listing = Type.Object(page, { additionalProperties: false })

/** Verbs that change something. */
const changing: ReadonlySet<string> = new Set(['operation-create', 'operation-stop'])

interface Answer {
  readonly topic: string
  readonly message: object
  /** The same request would be answered the same. */
  readonly final: boolean
}

export class MqttCommands {
  readonly #channel: OperatorChannel
  readonly #log: Log
  readonly #verbs: ReadonlyMap<string, (by: Principal, body: unknown) => Promise<object>>
  readonly #answers = new Map<string, Promise<Answer>>()

  constructor(useCases: UseCases, channel: OperatorChannel, log: Log) {
    this.#channel = channel
    this.#log = log
    this.#verbs = verbsOf(useCases)
  }

  /** Never rejects: every outcome is an answer to the operator. */
  async handle(by: Principal, verb: string, payload: Uint8Array): Promise<void> {
    const { requestId, body, problem } = parsed(payload)
    // Only what changes something must not happen twice; a question asked again gets a fresh answer.
    const key = changing.has(verb) && problem === undefined ? `${by.name}/${verb}/${requestId}` : undefined
    const known = key === undefined ? undefined : this.#answers.get(key)
    const answer = known ?? this.#answered(by, verb, requestId, body, problem)
    if (key !== undefined && known === undefined) this.#remember(key, answer)
    const { topic, message, final } = await answer
    // The broker could not, this time: a repetition is a new try.
    if (key !== undefined && !final) this.#answers.delete(key)
    this.#channel.publish(topic, message)
  }

  async #answered(
    by: Principal,
    verb: string,
    requestId: string,
    body: unknown,
    problem: RequestRefused | undefined,
  ): Promise<Answer> {
    try {
      if (problem !== undefined) throw problem
      const perform = this.#verbs.get(verb)
      if (perform === undefined)
        throw new RequestRefused('INVALID', `no verb ${verb}`, [
          { name: 'verb', message: `expected one of ${[...this.#verbs.keys()].join(', ')}` },
        ])
      const result = await perform(by, body)
      return {
        topic: operatorAnswerTopic(by.name, 'accepted', requestId),
        message: { requestId, verb, result },
        final: true,
      }
    } catch (error) {
      return this.#rejected(by.name, verb, requestId, error)
    }
  }

  #rejected(name: PrincipalName, verb: string, requestId: string, error: unknown): Answer {
    const topic = operatorAnswerTopic(name, 'rejected', requestId)
    if (error instanceof RequestRefused) {
      const { code, message, fields } = error
      return { topic, message: { requestId, verb, code, message, fields }, final: true }
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

function verbsOf(useCases: UseCases): Map<string, (by: Principal, body: unknown) => Promise<object>> {
  const verb = <S extends TSchema>(
    schema: S,
    perform: (by: Principal, body: Static<S>) => Promise<object>,
  ): ((by: Principal, body: unknown) => Promise<object>) => {
    const valid = validator(schema)
    return async (by, body) => perform(by, valid(body))
  }
  const executions = Type.Object(
    { id: Type.String(), state: Type.Optional(Type.String()), ...page },
    { additionalProperties: false },
  )
  const events = Type.Object(
    {
      ...page,
      order: Type.Optional(Type.Union([Type.Literal('ASC'), Type.Literal('DESC')])),
      device: Type.Optional(Type.String()),
      operation: Type.Optional(Type.String()),
      code: Type.Optional(Type.String()),
      filter: Type.Optional(Type.String()),
      include: Type.Optional(Type.Literal('total_count')),
    },
    { additionalProperties: false },
  )
  return new Map([
    ['operation-create', verb(OperationRequest, (by, body) => useCases.createOperation(by, body))],
    ['operation-list', verb(listing, (by, body) => useCases.listOperations(by, body))],
    ['operation-show', verb(id, (by, body) => useCases.showOperation(by, body.id))],
    ['operation-stop', verb(id, (by, body) => useCases.stopOperation(by, body.id))],
    [
      'operation-executions',
      verb(executions, (by, { id: operation, ...rest }) => useCases.listExecutions(by, operation, rest)),
    ],
    ['device-list', verb(listing, (by, body) => useCases.listDevices(by, body))],
    ['device-show', verb(id, (by, body) => useCases.showDevice(by, body.id))],
    ['release-list', verb(listing, (by, body) => useCases.listReleases(by, body))],
    ['release-show', verb(id, (by, body) => useCases.showRelease(by, body.id))],
    ['event-list', verb(events, (by, body) => useCases.listEvents(by, body))],
  ])
}

/** The request id apart from the rest; a request without a usable one is answered under `unknown`. */
function parsed(payload: Uint8Array): {
  readonly requestId: string
  readonly body: unknown
  readonly problem?: RequestRefused
} {
  const refused = (message: string, field: string, requestId = 'unknown') => ({
    requestId,
    body: undefined,
    problem: new RequestRefused('INVALID', message, [{ name: field, message }]),
  })
  if (payload.length > requestBytesMax) return refused(`expected at most ${requestBytesMax} bytes`, 'body')
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return refused('expected a JSON object', 'body')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('expected a JSON object', 'body')
  const { requestId, ...body } = value as Record<string, unknown>
  if (typeof requestId !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(requestId))
    return refused('expected 1 to 64 of A-Z a-z 0-9 . _ : -', 'requestId')
  return { requestId, body }
}
