// The place of the chart. The library that draws it comes as a file of its own, when the first chart is shown.
import type { Signal } from '@preact/signals'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { FailureHistory } from '../../../../proto/http-console.ts'
import type { Columns } from './columns.ts'
import type { FailureSeries } from './failure-series.ts'

interface FailureChartProps {
  readonly history: FailureHistory
  readonly series: readonly FailureSeries[]
  /** Number of the step under the pointer. */
  readonly hovered: Signal<number | undefined>
}

export function FailureChart({ history, series, hovered }: FailureChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<Columns | undefined>(undefined)
  const failed = useSignal(false)
  const shown = useRef({ history, series })
  shown.current = { history, series }
  useEffect(() => {
    let gone = false
    import('./columns.ts').then(
      ({ Columns }) => {
        if (gone || place.current === null) return
        chart.current = new Columns(place.current, step => {
          hovered.value = step
        })
        chart.current.show(shown.current)
      },
      () => {
        // The numbers stand in legend and table as well.
        failed.value = true
      },
    )
    return () => {
      gone = true
      chart.current?.close()
    }
  }, [])
  useEffect(() => chart.current?.show({ history, series }), [history, series])
  const words = series.map(({ code, total }) => `${code ?? 'others'} ${total.toLocaleString()}`).join(', ')
  return (
    <>
      <div ref={place} class="chart" role="img" aria-label={`Failures by hour and code. ${words}`} />
      {failed.value && <p class="hint">The chart could not be loaded; the numbers are in the table below.</p>}
    </>
  )
}
