// The devices in an audit record: whom an operation was aimed at, or how it ended on each.
import { Link } from '../../parts/link.tsx'
import { Status, type Tone } from '../../parts/status.tsx'
import { addressOf } from '../../state/route.ts'
import { devicesText, isObject } from './record-words.ts'

/** A record may name thousands. */
const shownMax = 100

const tones: Readonly<Record<string, Tone>> = { completed: 'good', failed: 'bad', skipped: 'warn' }

interface TargetedDevicesProps {
  readonly devices: readonly string[]
  readonly operation: string | null
}

export function TargetedDevices({ devices, operation }: TargetedDevicesProps) {
  return (
    <section class="drawer-part">
      <h3>{devicesText(devices.length)}</h3>
      <ul class="chips plain">
        {devices.slice(0, shownMax).map(device => (
          <li key={device} class="chip">
            <Link to={addressOf('/devices', { device })}>{device}</Link>
          </li>
        ))}
      </ul>
      <Rest count={devices.length - shownMax} />
      {operation !== null && devices.length > shownMax && (
        <p class="hint">
          All of them stand in <Link to={addressOf('/operations', { operation })}>the operation</Link>.
        </p>
      )}
    </section>
  )
}

export function ResultsOfDevices({ devices }: { readonly devices: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(devices)
  return (
    <section class="drawer-part">
      <h3>Results of {devicesText(entries.length)}</h3>
      <table class="inner">
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Result</th>
            <th scope="col">Code</th>
            <th scope="col">Version</th>
          </tr>
        </thead>
        <tbody>
          {entries.slice(0, shownMax).map(([device, result]) => {
            const { state, code, from, to } = isObject(result) ? result : {}
            const word = text(state)
            return (
              <tr key={device}>
                <td>
                  <Link to={addressOf('/devices', { device })}>{device}</Link>
                </td>
                <td>
                  <Status tone={tones[word] ?? 'idle'}>{word}</Status>
                </td>
                <td>
                  <code>{text(code)}</code>
                </td>
                <td>{[from, to].map(text).filter(Boolean).join(' → ')}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      <Rest count={entries.length - shownMax} />
    </section>
  )
}

function Rest({ count }: { readonly count: number }) {
  return count > 0 ? (
    <p class="hint">and {count.toLocaleString()} more; the export of the chain has all of them</p>
  ) : null
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
