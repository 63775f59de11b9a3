// Which version of each component runs on how many devices.
import type { FleetView } from '../../../../proto/http-console.ts'
import { Ago } from '../../parts/moment.tsx'
import { Problem } from '../../parts/table.tsx'
import { VersionBar } from '../../parts/version-bar.tsx'
import type { ApiProblem } from '../../state/api.ts'

interface WhoRunsWhatProps {
  /** Undefined: not known yet. */
  readonly fleet: FleetView | undefined
  readonly problem: ApiProblem | undefined
}

export function WhoRunsWhat({ fleet, problem }: WhoRunsWhatProps) {
  return (
    <section class="card who-runs-what">
      <header class="card-head">
        <h2>Who is on which version</h2>
        {fleet !== undefined && fleet.countedAt !== null && (
          <span class="hint">
            counted <Ago at={fleet.countedAt} />
          </span>
        )}
      </header>
      {problem !== undefined && <Problem error={problem} />}
      {fleet?.components.length === 0 && (
        <p class="empty">
          {fleet.countedAt === null
            ? 'The devices are being counted…'
            : 'No device has told its versions yet: each does when it connects.'}
        </p>
      )}
      {fleet?.components.map(count => (
        <VersionBar key={count.component} count={count} />
      ))}
    </section>
  )
}
