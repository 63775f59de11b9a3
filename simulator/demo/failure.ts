// Why a demo could not come to its proof. What the proof finds wrong is no failure of this kind but a list of differences.

/** Shown as it is; `logs` are the files whose last lines help most. */
export class DemoFailed extends Error {
  override readonly name = 'DemoFailed'
  readonly code = 'DEMO_FAILED'
  readonly logs: readonly string[]
  constructor(message: string, logs: readonly string[] = [], options?: ErrorOptions) {
    super(message, options)
    this.logs = logs
  }
}
