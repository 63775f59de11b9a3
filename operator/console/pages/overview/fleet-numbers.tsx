// The fleet in five numbers, each a link to those devices.
import type { FleetView } from '../../../../proto/http-console.ts'
import { Link } from '../../parts/link.tsx'
import { addressOf } from '../../state/route.ts'

interface FleetNumbersProps {
  /** Undefined: not known yet. */
  readonly fleet: FleetView | undefined
  /** Devices; undefined: not known yet. */
  readonly inProgress: number | undefined
}

export function FleetNumbers({ fleet, inProgress }: FleetNumbersProps) {
  const counted = fleet === undefined || fleet.countedAt === null ? undefined : fleet
  const tiles = [
    { text: 'Devices', count: counted?.devices, to: '/devices' },
    { text: 'Online', count: fleet?.online, to: devicesIn('online') },
    { text: 'Offline', count: counted === undefined ? undefined : offlineOf(counted), to: devicesIn('offline') },
    { text: 'Quarantined', count: counted?.quarantined, to: devicesIn('quarantined') },
    { text: 'In progress', count: inProgress, to: addressOf('/operations', { status: 'Running' }) },
  ] as const
  return (
    <ul class="tiles" aria-label="The fleet in numbers">
      {tiles.map(({ text, count, to }) => (
        <li key={text}>
          <Link to={to}>
            <span class="tile-count">{count === undefined ? '–' : count.toLocaleString()}</span>
            <span class="tile-text">{text}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

/** Who is connected is known at once, who is registered only since the last count. */
export function offlineOf({ devices, online }: FleetView): number {
  return Math.max(0, devices - online)
}

export function devicesIn(state: 'online' | 'offline' | 'quarantined'): string {
  return addressOf('/devices', { filter: `state=${state}` })
}
