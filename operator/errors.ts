// What can go wrong at an operator's desk: one class for each thing he does next. `code` is stable, the message is for
// people, `fields` name what was wrong. The CLI makes its exit codes from the classes.

export interface FieldProblem {
  /** A flag (`--image`) or the path of a field in a request (`targets.devices.3`). */
  readonly name: string
  readonly message: string
}

export abstract class OperatorError extends Error {
  readonly code: string
  readonly fields: readonly FieldProblem[]
  /** Of the broker's answer, for its log; absent when no answer came. */
  readonly requestId?: string
  constructor(code: string, message: string, { fields = [], requestId, cause }: OperatorErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.fields = fields
    if (requestId !== undefined) this.requestId = requestId
  }
}
export interface OperatorErrorDetails {
  readonly fields?: readonly FieldProblem[]
  readonly requestId?: string
  readonly cause?: unknown
}

/** What was given cannot be used: give something else. */
export class BadInput extends OperatorError {
  override readonly name = 'BadInput'
}

/** The broker understood and said no: token, role, no such thing, a conflict, too many tries. */
export class Refused extends OperatorError {
  override readonly name = 'Refused'
}

/** The broker cannot be reached, fails, or is something else: the same command may work later. */
export class ServerFailed extends OperatorError {
  override readonly name = 'ServerFailed'
}

/** BadInput about one flag. `problem` says what is wrong and what was expected. */
export function badFlag(flag: string, problem: string, cause?: unknown): BadInput {
  return new BadInput('BAD_INPUT', `${flag}: ${problem}`, { fields: [{ name: flag, message: problem }], cause })
}
