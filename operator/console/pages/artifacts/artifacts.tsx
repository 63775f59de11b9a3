// Artifacts: what can be installed, who signed it, bringing new bundles, and who runs which version.
import type { Listing, ReleaseView } from '../../../../proto/http-api.ts'
import { bytes } from '../../parts/bytes.ts'
import { Command, ShortDigest } from '../../parts/copy.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { useFleet } from '../../state/fleet.ts'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { useRegularly } from '../../state/regularly.ts'
import { addressOf, addressWith, parameter } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { Expiry, earliestExpiry } from './expiry.tsx'
import { ReleaseDrawer } from './release-drawer.tsx'
import { Signers } from './signers.tsx'
import { UploadPlace } from './upload-place.tsx'
import { WhoRunsWhat } from './who-runs-what.tsx'

const columns: readonly Column<ReleaseView>[] = [
  {
    head: 'Release',
    kind: 'wide',
    cell: ({ id, component, version }) => (
      <Link class="release-name" to={addressWith({ release: id })}>
        {component} <strong>{version}</strong>
      </Link>
    ),
  },
  {
    head: 'Installed image',
    cell: ({ component, version, installedSha256 }) => (
      <ShortDigest digest={installedSha256} what={`the SHA-256 of ${component} ${version}`} />
    ),
  },
  {
    head: 'Payload',
    cell: release => (
      <>
        <span class="moment">{sizeText(release)}</span>
        <div class="chips">
          {[...new Set(release.manifests.map(({ format }) => format))].sort().map(format => (
            <span key={format} class="chip">
              {format}
            </span>
          ))}
        </div>
      </>
    ),
  },
  { head: 'Signed by', cell: release => <Signers manifests={release.manifests} /> },
  {
    head: 'Uploaded',
    cell: ({ createdAt, createdBy }) => (
      <>
        <Moment at={createdAt} />
        <span class="under faint">by {createdBy}</span>
      </>
    ),
  },
  { head: 'Expires', cell: ({ manifests }) => <Expiry at={earliestExpiry(manifests)} /> },
  {
    head: 'Actions',
    kind: 'actions',
    cell: ({ id, component, version }) =>
      may('operator') && (
        <Link
          class="button"
          to={addressOf('/operations/new', { type: 'firmware-update', release: id })}
          aria-label={`Start an update to ${component} ${version}`}
        >
          Start an update
        </Link>
      ),
  },
]

export function Artifacts() {
  const address = addressOf('/v1/releases', { limit: String(pageSize), after: parameter('after') })
  const query = useQuery<Listing<ReleaseView>>(address, { pauseMs: 5_000 })
  useRegularly(query, 10_000)
  const fleet = useFleet()
  const opened = parameter('release')
  return (
    <Page title="Artifacts">
      {may('operator') && <UploadPlace onTaken={query.refresh} />}
      <Table
        caption="Releases by component and version"
        columns={columns}
        rows={query.data.value?.data}
        keyOf={({ id }) => id}
        problem={query.problem.value}
        loading={query.loading.value}
        isSelected={({ id }) => id === opened}
        pages={pagesAround(nextCursor(query.data.value, ({ id }) => id))}
        empty={
          <>
            <p>There is no release yet.</p>
            <p>
              A release begins with a signed bundle. Make it in a terminal, where <code>drover init</code> has put the
              signing keys:
            </p>
            <div class="empty-command">
              <Command
                text={
                  'drover artifact create --image firmware.bin \\\n' +
                  '  --component firmware --version 2.0.0 \\\n' +
                  '  --out firmware-2.0.0.bundle'
                }
              />
              <Command text="drover artifact upload firmware-2.0.0.bundle" />
            </div>
          </>
        }
      />
      <WhoRunsWhat fleet={fleet.data.value} problem={fleet.problem.value} />
      {opened !== '' && <ReleaseDrawer key={opened} id={opened} fleet={fleet.data.value} />}
    </Page>
  )
}

/** Of the payloads: one size, or the smallest and the largest. */
function sizeText({ manifests }: ReleaseView): string {
  const sizes = manifests.map(({ payloadSize }) => payloadSize)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  return bytes(least) === bytes(most) ? bytes(most) : `${bytes(least)} – ${bytes(most)}`
}
