// Signed reports, as the machine of an operation sees them: who checks signatures (orchestrator/report-judge.ts) brings a
// verdict, and a success that should have been signed and was not, or not rightly, is not believed. A failure always is: to
// believe one that is none costs another attempt, to believe a success that is none leaves a device behind.

/** Why a success is not believed, in the order of the checks (PROTOCOL, section 12). */
export const reportProblems = [
  'report-missing',
  'report-unreadable',
  'report-signature',
  'report-device',
  'report-operation',
  'report-attempt',
  'report-nonce',
  'report-boot',
  'report-result',
  'report-components',
] as const
export type ReportProblem = (typeof reportProblems)[number]

/** Of the word that tells a success; absent: nothing has to be signed. */
export type Proof = 'signed' | ReportProblem

export function isUnproven(proof: Proof | undefined): proof is ReportProblem {
  return proof !== undefined && proof !== 'signed'
}

/** What the log says of a success: that it was signed, or why it is not believed. */
export function proofData(proof: Proof | undefined): { readonly report?: Proof } {
  return proof === undefined ? {} : { report: proof }
}

/** Of an execution. */
export interface ReportFacts {
  /**
   * 32 hex digits, drawn at the first hand-over to a device whose report key is known: its success has to be signed. The
   * nonce of each attempt is made from it, and it never leaves the broker.
   */
  readonly reportSeed?: string
  /** It told a success that was not believed; it waits for a better word until the confirm timeout. */
  readonly reportProblem?: ReportProblem
}
