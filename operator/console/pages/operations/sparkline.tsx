// A small line of the last values, newest at the right edge, from 0 up to the largest of them.
interface SparklineProps {
  readonly values: readonly number[]
  /** Places from edge to edge; fewer values leave the left side empty. */
  readonly slots: number
  readonly label: string
  readonly textOf: (value: number) => string
}

const [width, height] = [600, 80]

export function Sparkline({ values, slots, label, textOf }: SparklineProps) {
  const most = Math.max(1, ...values)
  const points = values.map((value, index) => {
    const x = width - (values.length - 1 - index) * (width / (slots - 1))
    return `${x.toFixed(1)},${(height - 2 - (value / most) * (height - 6)).toFixed(1)}`
  })
  const [first] = points
  const text = values.length === 0 ? 'no value yet' : `at most ${textOf(Math.max(...values))}`
  return (
    <figure class="sparkline">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${text}`}>
        <line x1="0" y1={height - 1} x2={width} y2={height - 1} class="sparkline-ground" />
        {points.length > 1 && (
          <>
            <polygon
              class="sparkline-area"
              points={`${first?.split(',')[0]},${height} ${points.join(' ')} ${width},${height}`}
            />
            <polyline class="sparkline-line" points={points.join(' ')} />
          </>
        )}
      </svg>
      <figcaption class="hint">The last minutes, since this tab was opened; {text}</figcaption>
    </figure>
  )
}
