// Which versions of one component the fleet runs: a stacked bar, the newest version at its beginning and strongest, and a
// legend with numbers, each a link to those devices.
import type { FleetView } from '../../../proto/http-console.ts'
import { addressOf } from '../state/route.ts'
import { Link } from './link.tsx'

type ComponentCount = FleetView['components'][number]

interface Part {
  /** Undefined: all versions that have no part of their own. */
  readonly version: string | undefined
  readonly devices: number
  readonly images: number
}

/** More are hard to tell apart; those with the fewest devices are summed up. */
const partsMax = 7

interface VersionBarProps {
  readonly count: ComponentCount
  /** This version is marked in the legend. */
  readonly marked?: string
}

export function VersionBar({ count, marked }: VersionBarProps) {
  const { component, devices } = count
  const parts = partsOf(count)
  const text = parts.map(part => `${nameOf(part)}: ${part.devices.toLocaleString()}`).join(', ')
  return (
    <div class="version-count">
      <h3>
        {component} <span class="faint">{devices.toLocaleString()} devices</span>
      </h3>
      <div class="version-bar" role="img" aria-label={`Versions of ${component}. ${text}`}>
        {parts.map((part, index) => (
          <span
            key={part.version ?? ''}
            class={classOf(part, index)}
            style={{ flexGrow: part.devices }}
            title={`${nameOf(part)}: ${part.devices.toLocaleString()} (${shareOf(part.devices, devices)})`}
          />
        ))}
      </div>
      <ul class="version-legend">
        {parts.map((part, index) => (
          <li key={part.version ?? ''}>
            <span class={`swatch ${classOf(part, index)}`} aria-hidden="true" />
            {part.version === undefined ? (
              <span class="faint">other versions</span>
            ) : (
              <Link to={addressOf('/devices', { filter: `component=${component}&version=${part.version}` })}>
                {part.version}
              </Link>
            )}
            {part.images > 1 && <span class="faint">{part.images} images</span>}
            {part.version !== undefined && part.version === marked && <span class="chip">this release</span>}
            <span class="version-devices">{part.devices.toLocaleString()}</span>
            <span class="faint version-share">{shareOf(part.devices, devices)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Of devices: `12 %`, `< 1 %`. */
export function shareOf(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %'
  const percent = (part / whole) * 100
  return percent < 1 ? '< 1 %' : `${Math.min(Math.round(percent), part < whole ? 99 : 100)} %`
}

/** Newest version first; what is left over stands last. */
function partsOf({ versions, others }: ComponentCount): readonly Part[] {
  const byVersion = new Map<string, Part>()
  for (const { version, devices } of versions) {
    const before = byVersion.get(version)
    byVersion.set(version, { version, devices: devices + (before?.devices ?? 0), images: 1 + (before?.images ?? 0) })
  }
  const frequent = [...byVersion.values()].sort((a, b) => b.devices - a.devices)
  const shown = frequent.length <= partsMax ? frequent : frequent.slice(0, partsMax - 1)
  const rest = frequent.slice(shown.length).reduce((sum, { devices }) => sum + devices, others)
  return [
    ...shown.toSorted((a, b) => compareVersions(b.version ?? '', a.version ?? '')),
    ...(rest > 0 ? [{ version: undefined, devices: rest, images: 1 }] : []),
  ]
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true })
}

function nameOf({ version }: Part): string {
  return version ?? 'other versions'
}

function classOf({ version }: Part, index: number): string {
  return version === undefined ? 'version-other' : `version-${index + 1}`
}
