// What a person changed in the limits of an operation, as the broker takes it: only what differs, null where a limit is lifted.
import type { OperationEdit } from '../../../../proto/http-api.ts'
import type { PolicyDraft } from '../new-operation/draft.ts'
import { bytesPerSecondOf, concurrencyOf, rateOf, windowsOf } from '../new-operation/policy-request.ts'
import type { FieldProblem, Reading } from '../new-operation/reading.ts'

export interface Edit {
  readonly edit: OperationEdit
  readonly problems: readonly FieldProblem[]
}

export function editOf(before: PolicyDraft, after: PolicyDraft): Edit {
  const reading: Reading = { problems: [] }
  const concurrency = concurrencyOf(after, 'concurrency', reading)
  const rate = rateOf(after, 'rate', reading)
  const windows = windowsOf(after.windows, 'windows', reading)
  const bytesPerSecond = bytesPerSecondOf(after.bytesPerSecond, 'delivery.bytesPerSecond', reading)
  const changed = (...names: readonly (keyof PolicyDraft)[]): boolean =>
    names.some(name => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  const delivery = {
    ...(changed('transport') ? { transport: after.transport } : {}),
    ...(changed('bytesPerSecond') ? { bytesPerSecond: bytesPerSecond ?? null } : {}),
  }
  return {
    edit: {
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(changed('rateMaximum', 'ramp', 'rampBase', 'rampFactor', 'rampCriterion', 'rampCount')
        ? { rate: rate ?? null }
        : {}),
      ...(changed('windows') ? { windows } : {}),
      ...(Object.keys(delivery).length === 0 ? {} : { delivery }),
    },
    problems: reading.problems,
  }
}
