// One audit record whole: facts, changes, devices and their results, and its place in the chain.
import type { AuditView } from '../../../../proto/http-admin.ts'
import type { Listing } from '../../../../proto/http-api.ts'
import { CopyButton } from '../../parts/copy.tsx'
import { Drawer } from '../../parts/drawer.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Problem } from '../../parts/table.tsx'
import { useQuery } from '../../state/query.ts'
import { addressOf, addressWith } from '../../state/route.ts'
import { Actor } from './actor.tsx'
import { Changes } from './changes.tsx'
import { ResultsOfDevices, TargetedDevices } from './record-devices.tsx'
import { actionText, isObject } from './record-words.ts'
import { Subject } from './subject.tsx'

interface RecordDrawerProps {
  readonly number: string
  /** Of the page; the record may stand among them. */
  readonly rows: readonly AuditView[] | undefined
}

export function RecordDrawer({ number, rows }: RecordDrawerProps) {
  const shown = rows?.find(row => String(row.number) === number)
  const wanted = Number(number)
  const valid = Number.isSafeInteger(wanted) && wanted > 0
  // One record has no address of its own: it is the first after the one before it.
  const query = useQuery<Listing<AuditView>>(
    rows === undefined || shown !== undefined || !valid
      ? undefined
      : addressOf('/v1/audit', { order: 'ASC', limit: '1', after: wanted > 1 ? String(wanted - 1) : undefined }),
    { pauseMs: Number.POSITIVE_INFINITY },
  )
  const answered = query.data.value?.data[0]
  const record = shown ?? (answered?.number === wanted ? answered : undefined)
  return (
    <Drawer title={`Record ${valid ? wanted.toLocaleString() : number}`} closeTo={addressWith({ record: undefined })}>
      {query.problem.value !== undefined && <Problem error={query.problem.value} />}
      {record === undefined && (!valid || query.data.value !== undefined) && <p>There is no record of this number.</p>}
      {record !== undefined && <Whole record={record} />}
    </Drawer>
  )
}

function Whole({ record }: { readonly record: AuditView }) {
  const { at, actor, action, operation, requestId, changes, data, previous, hash } = record
  const { devices, ...facts } = isObject(data) ? data : {}
  return (
    <>
      <dl class="facts">
        <dt>When</dt>
        <dd>
          <Moment at={at} />
        </dd>
        <dt>Who</dt>
        <dd>
          <Actor name={actor} />
        </dd>
        <dt>What</dt>
        <dd>
          {actionText(action)} <code class="faint">{action}</code>
        </dd>
        <dt>Target</dt>
        <dd>
          <Subject record={record} />
        </dd>
        <dt>Request id</dt>
        <dd>
          {requestId === null ? (
            <span class="faint">{actor.startsWith('policy:') ? 'none: a rule acted' : 'none was sent'}</span>
          ) : (
            <>
              <code>{requestId}</code> <CopyButton text={requestId} what="the request id" />
            </>
          )}
        </dd>
      </dl>
      {operation !== null && (
        <p class="audit-more">
          <Link to={addressOf('/admin/audit', { operation })}>All records of this operation</Link>
        </p>
      )}
      {changes.length > 0 && <Changes record={record} />}
      {Array.isArray(devices) && <TargetedDevices devices={devices.map(String)} operation={operation} />}
      {isObject(devices) && <ResultsOfDevices devices={devices} />}
      {Object.keys(facts).length > 0 && (
        <section class="drawer-part">
          <h3>Recorded with it</h3>
          <pre class="audit-data">{JSON.stringify(facts, null, 2)}</pre>
        </section>
      )}
      <section class="drawer-part">
        <h3>Place in the chain</h3>
        <dl class="facts">
          <dt>Hash</dt>
          <dd>
            <code>{hash}</code> <CopyButton text={hash} what="the hash of this record" />
          </dd>
          <dt>Hash before</dt>
          <dd>
            <code>{previous}</code>
          </dd>
        </dl>
      </section>
    </>
  )
}
