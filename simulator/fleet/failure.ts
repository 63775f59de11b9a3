// Why a run could not come to its report. What a report finds wrong (an outcome, a threshold) is no failure of this kind.

/** Shown as it is; `log` is the file whose last lines help most. */
export class FleetFailed extends Error {
  override readonly name = 'FleetFailed'
  readonly code = 'FLEET_FAILED'
  readonly log: string | undefined
  constructor(message: string, options: ErrorOptions & { readonly log?: string } = {}) {
    super(message, options)
    this.log = options.log
  }
}
