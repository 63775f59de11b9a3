// What can go wrong in the device's surroundings: one small class per decision the shell makes. What is wrong with an
// update is no error but an event code in a value (core/).

/** Common head of the agent's errors. `code` is stable, the message is for people. */
export abstract class AgentError extends Error {
  abstract readonly code: string
}

/** A read of an image, an index, a slot record or the journal failed or came short (UPD4_FAIL_36). */
export class StorageReadFailed extends AgentError {
  override readonly name = 'StorageReadFailed'
  readonly code = 'STORAGE_READ_FAILED'
  /** `EIO` and the like; `SHORT` when fewer bytes came than the file must hold. */
  readonly errno: string
  constructor(doing: string, errno: string, options?: ErrorOptions) {
    super(`${doing}: ${errno}`, options)
    this.errno = errno
  }
}

/** A write, fsync, rename or journal put failed; a disk that fills up in mid-download included (UPD4_FAIL_35). */
export class StorageWriteFailed extends AgentError {
  override readonly name = 'StorageWriteFailed'
  readonly code = 'STORAGE_WRITE_FAILED'
  /** `ENOSPC`, `EIO` and the like. */
  readonly errno: string
  constructor(doing: string, errno: string, options?: ErrorOptions) {
    super(`${doing}: ${errno}`, options)
    this.errno = errno
  }
}

/** Something the agent must hold is not there: a candidate that the journal names, a slot record (UPD4_FAIL_44). */
export class StoredThingMissing extends AgentError {
  override readonly name = 'StoredThingMissing'
  readonly code = 'STORED_THING_MISSING'
  readonly what: string
  constructor(what: string, options?: ErrorOptions) {
    super(`${what} is missing`, options)
    this.what = what
  }
}

/** The slot record or the journal does not read as what was written: a person has to look. The agent does not start. */
export class StoredThingCorrupt extends AgentError {
  override readonly name = 'StoredThingCorrupt'
  readonly code = 'STORED_THING_CORRUPT'
}

/** The connection ended before the broker acknowledged. Nothing is lost: it is sent again after the next connect. */
export class LinkDown extends AgentError {
  override readonly name = 'LinkDown'
  readonly code = 'LINK_DOWN'
}

/** An installer could not do its work (UPD4_FAIL_40). `reason` is one fixed word with a number or name. */
export class InstallFailed extends AgentError {
  override readonly name = 'InstallFailed'
  readonly code = 'INSTALL_FAILED'
  readonly reason: string
  constructor(doing: string, reason: string, options?: ErrorOptions) {
    super(`${doing}: ${reason}`, options)
    this.reason = reason
  }
}
