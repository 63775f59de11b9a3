// Which versions the fleet runs, component by component.
import type { FleetView } from '../../../../proto/http-console.ts'
import { Ago } from '../../parts/moment.tsx'
import { Problem } from '../../parts/table.tsx'
import { VersionBar } from '../../parts/version-bar.tsx'
import type { ApiProblem } from '../../state/api.ts'
import { parameter, setParameters } from '../../state/route.ts'

/** Fleets with more components are unfolded by hand. */
const componentsShown = 4

interface VersionsCardProps {
  /** Undefined: not known yet. */
  readonly fleet: FleetView | undefined
  readonly problem: ApiProblem | undefined
}

export function VersionsCard({ fleet, problem }: VersionsCardProps) {
  const all = parameter('components') === 'all'
  const components = fleet?.components ?? []
  return (
    <section class="card versions">
      <header class="card-head">
        <h2>Fleet by version</h2>
        {fleet !== undefined && fleet.countedAt !== null && (
          <span class="hint">
            counted <Ago at={fleet.countedAt} />
          </span>
        )}
      </header>
      {problem !== undefined && <Problem error={problem} />}
      {fleet !== undefined && components.length === 0 && (
        <p class="empty">
          {fleet.countedAt === null ? 'The devices are being counted…' : 'No device has told its versions yet.'}
        </p>
      )}
      {components.slice(0, all ? undefined : componentsShown).map(count => (
        <VersionBar key={count.component} count={count} />
      ))}
      {components.length > componentsShown && (
        <button
          type="button"
          class="more"
          aria-expanded={all}
          onClick={() => setParameters({ components: all ? undefined : 'all' }, { replace: true })}
        >
          {all ? 'Fewer components' : `All ${components.length.toLocaleString()} components`}
        </button>
      )}
    </section>
  )
}
