// Operating failures of the broker: one class for each decision a caller makes. Codes are stable, messages are for people.

export abstract class BrokerError extends Error {
  abstract readonly code: string
}

/** The store could not write or read; nothing was changed. Try again when the cause is gone. */
export class StoreUnavailable extends BrokerError {
  override readonly name = 'StoreUnavailable'
  readonly code = 'STORE_UNAVAILABLE'
}

/** Records are missing or damaged. The broker does not start on them; `drover-broker doctor` lists what is wrong. */
export class StoreDamaged extends BrokerError {
  override readonly name = 'StoreDamaged'
  readonly code = 'STORE_DAMAGED'
}

/** A stored artifact cannot be read as it was written. */
export class ArtifactUnreadable extends BrokerError {
  override readonly name = 'ArtifactUnreadable'
  readonly code = 'ARTIFACT_UNREADABLE'
}

/** This broker can make no patch (`no-zstd`), or not this one, now or later. */
export class PatchImpossible extends BrokerError {
  override readonly name = 'PatchImpossible'
  readonly code = 'PATCH_IMPOSSIBLE'
  readonly reason: 'no-zstd' | 'too-large' | 'too-slow'
  constructor(reason: PatchImpossible['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** An upload is larger than the broker takes. */
export class ArtifactTooLarge extends BrokerError {
  override readonly name = 'ArtifactTooLarge'
  readonly code = 'ARTIFACT_TOO_LARGE'
}

/** A message of a client breaks the protocol: its connection is closed. `reason` is a fixed word for log and metric. */
export class MessageRefused extends BrokerError {
  override readonly name = 'MessageRefused'
  readonly code = 'MESSAGE_REFUSED'
  readonly reason: string
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export interface FieldProblem {
  readonly name: string
  readonly message: string
}

/** A request of an operator cannot be carried out; every door answers with the code and the fields. */
export class RequestRefused extends BrokerError {
  override readonly name = 'RequestRefused'
  readonly code: 'INVALID' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'CONFLICT' | 'TOO_LARGE' | 'UNAVAILABLE'
  readonly fields: readonly FieldProblem[]
  constructor(code: RequestRefused['code'], message: string, fields: readonly FieldProblem[] = []) {
    super(message)
    this.code = code
    this.fields = fields
  }
}

/** The Aedes instance is not one the orchestration can be attached to; the message says what to change. */
export class AttachRefused extends BrokerError {
  override readonly name = 'AttachRefused'
  readonly code = 'ATTACH_REFUSED'
}
