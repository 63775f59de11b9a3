// Below an update with errors: how many failed for which of the documented reasons, with which code and what to do about it.
import { useSignal } from '@preact/signals'
import type { OperationView } from '../../../../proto/http-api.ts'
import { Problem } from '../../parts/table.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { hasEnded } from '../../state/operations.ts'
import { addressOf, navigate } from '../../state/route.ts'
import { may } from '../../state/session.ts'

export function FailureSummary({ operation }: { readonly operation: OperationView }) {
  const problem = useSignal<unknown>(undefined)
  const busy = useSignal(false)
  const again = async (): Promise<void> => {
    busy.value = true
    try {
      const made = await send<OperationView>('POST', `/v1/operations/${operation.id}/retry-failed`)
      tell(`A new update of ${made.sensors.toLocaleString()} devices was made.`)
      navigate(addressOf('/operations', { operation: made.id }))
    } catch (error) {
      problem.value = error
    }
    busy.value = false
  }
  const codes = operation.codes.filter(({ code }) => !/_OK_|^SYS_11[02]$/.test(code))
  return (
    <div class="failures">
      <section>
        <h2>By reason</h2>
        <ul class="plain">
          {operation.reasons.map(({ reason, count }) => (
            <li key={reason}>
              <strong>{count.toLocaleString()}</strong> {reason}
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2>By code</h2>
        <table class="inner">
          <thead>
            <tr>
              <th scope="col" class="cell-number">
                Devices
              </th>
              <th scope="col">Code</th>
              <th scope="col">Meaning</th>
              <th scope="col">What to do</th>
            </tr>
          </thead>
          <tbody>
            {codes.map(({ code, count, text, correctiveAction }) => (
              <tr key={code}>
                <td class="cell-number">{count.toLocaleString()}</td>
                <td>
                  <code>{code}</code>
                </td>
                <td>{text}</td>
                <td>{correctiveAction}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {problem.value !== undefined && <Problem error={problem.value} />}
      {hasEnded(operation) && may('operator') && (
        <button type="button" disabled={busy.value} onClick={() => void again()}>
          New update from failed devices
        </button>
      )}
    </div>
  )
}
