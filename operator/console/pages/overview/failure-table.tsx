// The hours in which something failed, newest first, with the number of each code.
import type { FailureHistory } from '../../../../proto/http-console.ts'
import { type FailureSeries, hourText } from './failure-series.ts'

interface FailureTableProps {
  readonly history: FailureHistory
  readonly series: readonly FailureSeries[]
}

export function FailureTable({ history, series }: FailureTableProps) {
  const steps = Array.from(series[0]?.counts ?? [], (_, step) => ({
    step,
    total: series.reduce((sum, { counts }) => sum + (counts[step] ?? 0), 0),
  }))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="table-frame" aria-label="Failures by hour and code" tabIndex={0}>
      <table>
        <caption class="unseen">
          Failures by hour and code, newest hour first; hours without failures are left out
        </caption>
        <thead>
          <tr>
            <th scope="col">Hour</th>
            {series.map(({ code }) => (
              <th key={code ?? ''} scope="col" class="cell-number">
                {code ?? 'others'}
              </th>
            ))}
            <th scope="col" class="cell-number">
              All
            </th>
          </tr>
        </thead>
        <tbody>
          {steps
            .filter(({ total }) => total > 0)
            .reverse()
            .map(({ step, total }) => (
              <tr key={step}>
                <th scope="row">{hourText(history, step)}</th>
                {series.map(({ code, counts }) => (
                  <td key={code ?? ''} class="cell-number">
                    {(counts[step] ?? 0).toLocaleString()}
                  </td>
                ))}
                <td class="cell-number">{total.toLocaleString()}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  )
}
