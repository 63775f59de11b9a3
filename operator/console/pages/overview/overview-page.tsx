// The first page: what runs, what needs attention, which versions the fleet has and how it fails; and, before the first
// operation, the way to it.
import type { Listing, OperationView, ReleaseView } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { Problem } from '../../parts/table.tsx'
import { useFleet } from '../../state/fleet.ts'
import { useQuery } from '../../state/query.ts'
import { useRegularly } from '../../state/regularly.ts'
import { addressOf } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { Attention } from './attention.tsx'
import { FailuresCard } from './failures-card.tsx'
import { FirstSteps } from './first-steps.tsx'
import { FleetNumbers } from './fleet-numbers.tsx'
import { useOpenOperations } from './open-operations.ts'
import { RunningNow } from './running-now.tsx'
import { VersionsCard } from './versions-card.tsx'

export function OverviewPage() {
  const newest = useQuery<Listing<OperationView>>('/v1/operations?limit=1', { pauseMs: 10_000 })
  const operations = newest.data.value?.data
  return (
    <Page title="Overview" actions={operations?.length === 1 && may('operator') && <NewUpdate />}>
      {newest.problem.value !== undefined && operations === undefined && <Problem error={newest.problem.value} />}
      {operations?.length === 0 && <Beginning />}
      {operations?.length === 1 && <Everyday />}
    </Page>
  )
}

/** Nothing has been started yet. */
function Beginning() {
  const fleet = useFleet()
  const releases = useQuery<Listing<ReleaseView>>('/v1/releases?limit=1', { pauseMs: 5_000 })
  useRegularly(releases, 4_000)
  const count = fleet.data.value
  return (
    <>
      <FirstSteps release={releases.data.value?.data[0]} registered={count?.devices} />
      {count !== undefined && count.devices > 0 && (
        <>
          <FleetNumbers fleet={count} inProgress={0} />
          <VersionsCard fleet={count} problem={fleet.problem.value} />
        </>
      )}
    </>
  )
}

function Everyday() {
  const fleet = useFleet()
  const open = useOpenOperations()
  const inProgress = open.operations?.reduce((sum, { counts }) => sum + counts.inProgress, 0)
  return (
    <div class="overview">
      <FleetNumbers fleet={fleet.data.value} inProgress={inProgress} />
      <RunningNow open={open} />
      <Attention open={open} fleet={fleet.data.value} />
      <VersionsCard fleet={fleet.data.value} problem={fleet.problem.value} />
      <FailuresCard />
    </div>
  )
}

function NewUpdate() {
  return (
    <Link class="button primary" to={addressOf('/operations/new', { type: 'firmware-update' })}>
      New update
    </Link>
  )
}
