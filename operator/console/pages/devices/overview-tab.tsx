// What the broker knows of a device: what it said with its last hello, and where people have put it.
import { useSignal } from '@preact/signals'
import type { DeviceView } from '../../../../proto/http-api.ts'
import { ShortDigest } from '../../parts/copy.tsx'
import { Link } from '../../parts/link.tsx'
import { Ago, Moment } from '../../parts/moment.tsx'
import { may } from '../../state/session.ts'
import { Credentials } from './credentials.tsx'
import { detailsAddress } from './device-address.ts'
import { Tags } from './device-columns.tsx'
import { EditDevice } from './edit-device.tsx'

interface OverviewTabProps {
  readonly device: DeviceView | undefined
  readonly gone: boolean
  readonly onChange: () => void
}

export function OverviewTab({ device, gone, onChange }: OverviewTabProps) {
  const editing = useSignal(false)
  if (gone) return <p class="empty">Nothing is known of it but its event log.</p>
  if (device === undefined) return <p class="waiting">Asking the broker…</p>
  const registered = device.state === 'registered'
  const edit = (): void => {
    editing.value = true
  }
  return (
    <div class="device-overview">
      {registered ? (
        <Known device={device} onEdit={edit} />
      ) : (
        <p>
          It has credentials and has not said hello yet; what it is will stand here as soon as it has connected. It was
          enrolled as its <Link to={detailsAddress(device.id)}>event log</Link> says.
        </p>
      )}
      {may('operator') && <Credentials device={device} onChange={onChange} />}
      {editing.value && (
        <EditDevice
          device={device}
          onDone={onChange}
          onClose={() => {
            editing.value = false
          }}
        />
      )}
    </div>
  )
}

function Known({ device, onEdit }: { readonly device: DeviceView; readonly onEdit: () => void }) {
  return (
    <>
      <section>
        <h3>Device</h3>
        <dl class="facts">
          <dt>Registered</dt>
          <dd>
            <Moment at={device.registeredAt} absent="enrolled, has not said hello yet" />
          </dd>
          <dt>Last hello</dt>
          <dd>
            {device.lastHelloAt === null ? (
              <span class="faint">never</span>
            ) : (
              <>
                <Moment at={device.lastHelloAt} /> <span class="faint">(</span>
                <Ago at={device.lastHelloAt} />
                <span class="faint">)</span>
              </>
            )}
          </dd>
          {device.quarantinedAt !== null && (
            <>
              <dt>Quarantined</dt>
              <dd>
                <Moment at={device.quarantinedAt} />
              </dd>
            </>
          )}
          <dt>Agent</dt>
          <dd>{device.agentVersion ?? '–'}</dd>
          <dt>Vendor id</dt>
          <dd class="mono">{device.vendorId ?? '–'}</dd>
          <dt>Class id</dt>
          <dd class="mono">{device.classId ?? '–'}</dd>
        </dl>
      </section>
      <section>
        <h3>Components</h3>
        {device.components.length === 0 ? (
          <p class="faint">It has not told any yet.</p>
        ) : (
          <table class="inner">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Version</th>
                <th scope="col">SHA-256 of what is installed</th>
              </tr>
            </thead>
            <tbody>
              {device.components.map(({ name, version, digest }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>{version}</td>
                  <td>
                    <ShortDigest digest={digest} what={`digest of ${name}`} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      <section>
        <div class="section-head">
          <h3>Place in the fleet</h3>
          {may('operator') && (
            <button type="button" onClick={onEdit}>
              Edit
            </button>
          )}
        </div>
        <dl class="facts">
          <dt>Group</dt>
          <dd>{device.group ?? '–'}</dd>
          <dt>Tags</dt>
          <dd>
            <Tags tags={device.tags} most={Number.POSITIVE_INFINITY} />
          </dd>
          {Object.entries(device.attributes).map(([name, value]) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name} value`}>{value}</dd>,
          ])}
        </dl>
      </section>
    </>
  )
}
