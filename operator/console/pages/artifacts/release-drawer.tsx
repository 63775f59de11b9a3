// One release: who runs it, what its updates saved in transfer, its manifests and who signed them.
import type { ReleaseView } from '../../../../proto/http-api.ts'
import type { FleetView } from '../../../../proto/http-console.ts'
import { bytes } from '../../parts/bytes.ts'
import { CopyButton, ShortDigest } from '../../parts/copy.tsx'
import { Drawer } from '../../parts/drawer.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Problem } from '../../parts/table.tsx'
import { shareOf } from '../../parts/version-bar.tsx'
import { useQuery } from '../../state/query.ts'
import { addressOf, addressWith } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { Expiry } from './expiry.tsx'
import { ReleaseOperations } from './release-operations.tsx'

interface ReleaseDrawerProps {
  readonly id: string
  readonly fleet: FleetView | undefined
}

export function ReleaseDrawer({ id, fleet }: ReleaseDrawerProps) {
  const query = useQuery<ReleaseView>(`/v1/releases/${encodeURIComponent(id)}`, { pauseMs: 10_000 })
  const release = query.data.value
  return (
    <Drawer
      title={release === undefined ? id : `${release.component} ${release.version}`}
      closeTo={addressWith({ release: undefined })}
      extra={
        release !== undefined &&
        may('operator') && (
          <Link
            class="button primary"
            to={addressOf('/operations/new', { type: 'firmware-update', release: release.id })}
          >
            Start an update
          </Link>
        )
      }
    >
      {query.problem.value !== undefined && <Problem error={query.problem.value} />}
      {release !== undefined && (
        <>
          <dl class="facts">
            <dt>Id</dt>
            <dd>
              <code>{release.id}</code> <CopyButton text={release.id} what="the id of the release" />
            </dd>
            <dt>Installed image</dt>
            <dd>
              <code>{release.installedSha256}</code>{' '}
              <CopyButton text={release.installedSha256} what="the SHA-256 of the installed image" />
            </dd>
            <dt>Uploaded</dt>
            <dd>
              <Moment at={release.createdAt} /> by {release.createdBy}
            </dd>
            <dt>Installed on</dt>
            <dd>
              <InstalledOn release={release} fleet={fleet} />
            </dd>
          </dl>
          <ReleaseOperations id={release.id} />
          <section class="drawer-part">
            <h3>
              {release.manifests.length.toLocaleString()} {release.manifests.length === 1 ? 'manifest' : 'manifests'}
            </h3>
            {release.manifests.map(manifest => (
              <Manifest key={manifest.sha256} manifest={manifest} />
            ))}
          </section>
        </>
      )}
    </Drawer>
  )
}

function InstalledOn({ release, fleet }: { readonly release: ReleaseView; readonly fleet: FleetView | undefined }) {
  if (fleet === undefined) return <span class="faint">–</span>
  const { component, version, installedSha256 } = release
  const count = fleet.components.find(each => each.component === component)
  const exact = count?.versions.find(each => each.digest === installedSha256)?.devices ?? 0
  return (
    <>
      <Link
        to={addressOf('/devices', { filter: `component=${component}&version=${version}&digest=${installedSha256}` })}
      >
        {exact.toLocaleString()} {exact === 1 ? 'device' : 'devices'}
      </Link>
      {count !== undefined && (
        <span class="faint">
          {' '}
          of {count.devices.toLocaleString()} with {component} ({shareOf(exact, count.devices)})
        </span>
      )}
    </>
  )
}

function Manifest({ manifest }: { readonly manifest: ReleaseView['manifests'][number] }) {
  const { sha256, format, payloadSize, artifact, precursorSha256, vendorId, classId, deviceId, expiresAt } = manifest
  return (
    <div class="manifest">
      <p class="manifest-head">
        <span class="chip">{format}</span> {bytes(payloadSize)}
      </p>
      <dl class="facts">
        <dt>Manifest</dt>
        <dd>
          <ShortDigest digest={sha256} what="the SHA-256 of the manifest" />
        </dd>
        <dt>Artifact</dt>
        <dd>
          <ShortDigest digest={artifact} what="the SHA-256 of the artifact" />
        </dd>
        {precursorSha256 !== null && (
          <>
            <dt>Only from image</dt>
            <dd>
              <ShortDigest digest={precursorSha256} what="the SHA-256 of the precursor" />
            </dd>
          </>
        )}
        <dt>For</dt>
        <dd>
          {deviceId !== null ? (
            <>
              device <Link to={addressOf('/devices', { device: deviceId })}>{deviceId}</Link>,{' '}
            </>
          ) : null}
          vendor <code title={vendorId}>{vendorId.slice(0, 12)}…</code>, class{' '}
          <code title={classId}>{classId.slice(0, 12)}…</code>
        </dd>
        <dt>Expires</dt>
        <dd>
          <Expiry at={expiresAt} />
        </dd>
        <dt>Signed by key</dt>
        <dd>
          {manifest.signatures.length === 0 && <span class="faint">no signature that can be read</span>}
          {manifest.signatures.map(({ keyId }) => (
            <div key={keyId}>
              <code>{keyId}</code> <CopyButton text={keyId} what="the id of the key" />
            </div>
          ))}
        </dd>
      </dl>
    </div>
  )
}
