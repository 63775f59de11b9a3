// The registry of operation types: what people call a type, how its subject is made from a request, who signs it. The
// built-in types are here; a plugin registers more (`attach`, option `operationTypes`), each with a handler on the agent.
import { encodeCommand, readCommand } from '../../proto/command.ts'
import { EnvelopeError, openEnvelope } from '../../proto/envelope.ts'
import type { OperationRequest } from '../../proto/http-api.ts'
import { deviceId, type OperationId, operationId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/json.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import { releaseSubject } from '../core/new-operation.ts'
import type { CommandSubject, Release, Subject } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { CommandSigner, Store } from '../ports.ts'
import { parsedId } from './parsing.ts'
import { namedRelease } from './releases.ts'

/** A type whose operations send a signed command. */
export interface CommandTypeDefinition {
  /** 1 to 32 of a-z 0-9 and `-`. */
  readonly name: string
  /** As people read it. */
  readonly title: string
  readonly confirmation: CommandSubject['confirmation']
  /** `people`: the broker never signs it; the request carries the envelope. */
  readonly signedBy: 'broker' | 'people'
  /** The arguments a device gets, from the request. Throws RequestRefused naming the field. */
  readonly arguments: (request: OperationRequest, store: Store) => Promise<CommandArguments>
}
export interface CommandArguments {
  readonly value: JsonObject
  /** What operators see of them; absent: all of it. */
  readonly shown?: JsonObject
  /** Configuration digest the device must report afterwards. */
  readonly digest?: string
}

export interface Made {
  readonly id: OperationId
  readonly subject: Subject
  readonly release?: Release
  readonly name: string
}

export class OperationTypes {
  readonly #commands: ReadonlyMap<string, CommandTypeDefinition>
  readonly #store: Store
  readonly #signer: CommandSigner | undefined

  /** Throws TypeError for two types of one name. */
  constructor(store: Store, signer: CommandSigner | undefined, more: readonly CommandTypeDefinition[] = []) {
    this.#store = store
    this.#signer = signer
    const all = [...builtIn, ...more]
    this.#commands = new Map(all.map(type => [type.name, type]))
    if (this.#commands.size < all.length || this.#commands.has(firmwareUpdate))
      throw new TypeError('two operation types have one name')
  }

  /** The word for people; a type that is not registered any more keeps its own name. */
  titleOf(name: string): string {
    return name === firmwareUpdate ? 'Firmware Update' : (this.#commands.get(name)?.title ?? name)
  }

  /** `newId`: of an operation that brings none. `expiresAt`: of a command signed here. */
  async make(request: OperationRequest, at: number, newId: OperationId, expiresAt: number): Promise<Made> {
    if (request.type === firmwareUpdate) return this.#firmware(request, at, newId)
    const type = this.#commands.get(request.type)
    if (type === undefined)
      throw invalid('type', `expected one of ${[firmwareUpdate, ...this.#commands.keys()].join(', ')}`)
    mustBeAbsent(request, ['release'], type.name)
    if (request.signed !== undefined) return this.#signed(type, request, request.signed, at)
    if (type.signedBy === 'people')
      throw invalid('signed', `a ${type.name} is signed by people: \`drover operation start\` does it with their key`)
    if (this.#signer === undefined)
      throw new RequestRefused('CONFLICT', 'this broker holds no operations key; see --operations-key', [
        { name: 'type', message: `a ${type.name} is signed with the operations key` },
      ])
    const made = await type.arguments(request, this.#store)
    let command: Buffer
    try {
      command = encodeCommand({ operationType: type.name, operation: newId, expiresAt, arguments: made.value })
    } catch (error) {
      if (error instanceof RangeError) throw invalid('arguments', error.message)
      throw error
    }
    const envelope = Buffer.from(this.#signer.sign(command)).toString('base64')
    return { id: newId, name: type.title, subject: commandSubject(type, made, envelope, expiresAt) }
  }

  /** The same command for another operation: only what the broker signs can be signed again. Throws RequestRefused. */
  again(name: string, subject: CommandSubject, id: OperationId, expiresAt: number): CommandSubject {
    const verdict = readCommand(openEnvelope(Buffer.from(subject.envelope, 'base64')).payload)
    if (this.#commands.get(name)?.signedBy !== 'broker' || this.#signer === undefined || !verdict.ok)
      throw new RequestRefused('CONFLICT', `the command was signed for that operation alone: sign it for a new one`)
    const command = encodeCommand({
      operationType: name,
      operation: id,
      expiresAt,
      arguments: verdict.command.arguments,
    })
    return { ...subject, expiresAt, envelope: Buffer.from(this.#signer.sign(command)).toString('base64') }
  }

  async #firmware(request: OperationRequest, at: number, id: OperationId): Promise<Made> {
    mustBeAbsent(request, ['arguments', 'backup', 'signed'], firmwareUpdate)
    if (request.release === undefined) throw invalid('release', 'expected a release id or component@version')
    const release = await namedRelease(this.#store, request.release)
    if (release.manifests.every(({ expiresAt }) => expiresAt <= at))
      throw new RequestRefused('CONFLICT', `every manifest of release ${release.id} has expired; sign a new one`, [
        { name: 'release', message: 'has expired' },
      ])
    return { id, release, name: `${release.component} ${release.version}`, subject: releaseSubject(release) }
  }

  #signed(
    type: CommandTypeDefinition,
    request: OperationRequest,
    signed: NonNullable<OperationRequest['signed']>,
    at: number,
  ): Made {
    mustBeAbsent(request, ['arguments', 'backup'], 'signed command')
    const id = parsedId(operationId, signed.id, 'signed.id')
    let payload: Uint8Array
    try {
      payload = openEnvelope(Buffer.from(signed.envelope, 'base64')).payload
    } catch (error) {
      if (error instanceof EnvelopeError) throw invalid('signed.envelope', error.message)
      throw error
    }
    const verdict = readCommand(payload, { now: at, operationType: type.name, operation: id })
    if (!verdict.ok) throw invalid('signed.envelope', `${verdict.failure.code} ${JSON.stringify(verdict.failure.data)}`)
    const { command } = verdict
    return {
      id,
      name: type.title,
      subject: commandSubject(type, { value: command.arguments as JsonObject }, signed.envelope, command.expiresAt),
    }
  }
}

function commandSubject(
  type: CommandTypeDefinition,
  { value, shown, digest }: CommandArguments,
  envelope: string,
  expiresAt: number,
): CommandSubject {
  return {
    kind: 'command',
    confirmation: type.confirmation,
    arguments: shown ?? value,
    envelope,
    expiresAt,
    ...(digest === undefined ? {} : { digest }),
  }
}

const none = async (request: OperationRequest): Promise<CommandArguments> => {
  mustBeAbsent(request, ['arguments', 'backup'], request.type)
  return { value: {} }
}

const builtIn: readonly CommandTypeDefinition[] = [
  { name: 'config-backup', title: 'Backup', confirmation: 'backup', signedBy: 'broker', arguments: none },
  {
    name: 'config-restore',
    title: 'Restore',
    confirmation: 'report',
    signedBy: 'broker',
    async arguments(request, store) {
      mustBeAbsent(request, ['arguments'], request.type)
      if (request.backup === undefined) throw invalid('backup', 'expected the operation and device of a backup')
      const operation = parsedId(operationId, request.backup.operation, 'backup.operation')
      const device = parsedId(deviceId, request.backup.device, 'backup.device')
      const backup = await store.backup(operation, device)
      const content = backup && (await store.backupContent(backup.sha256))
      if (backup === undefined || content === undefined)
        throw invalid('backup', `${device} has sent no configuration in operation ${operation}`)
      const { sha256, version } = backup
      const shown = { operation, device, sha256, version }
      return { value: { content: Buffer.from(content).toString('base64'), sha256, version }, shown, digest: sha256 }
    },
  },
  {
    name: 'config-change',
    title: 'Configuration Change',
    confirmation: 'report',
    signedBy: 'broker',
    async arguments(request) {
      mustBeAbsent(request, ['backup'], request.type)
      const { format, patch, ...rest } = (request.arguments ?? {}) as JsonObject
      if (format !== 'merge-patch' && format !== 'json-patch')
        throw invalid('arguments.format', 'expected merge-patch or json-patch')
      if (patch === undefined) throw invalid('arguments.patch', 'expected the patch')
      if (format === 'json-patch' && !Array.isArray(patch))
        throw invalid('arguments.patch', 'expected a list of changes')
      const unknown = Object.keys(rest)[0]
      if (unknown !== undefined) throw invalid(`arguments.${unknown.slice(0, 64)}`, 'is not known here')
      return { value: { format, patch } }
    },
  },
  { name: 'reboot', title: 'Reboot', confirmation: 'new-boot', signedBy: 'broker', arguments: none },
  { name: 'command', title: 'Command', confirmation: 'report', signedBy: 'people', arguments: none },
]

function mustBeAbsent(request: OperationRequest, names: readonly (keyof OperationRequest)[], type: string): void {
  for (const name of names) if (request[name] !== undefined) throw invalid(name, `does not belong to a ${type}`)
}

function invalid(name: string, message: string): RequestRefused {
  return new RequestRefused('INVALID', `${name}: ${message}`, [{ name, message }])
}
