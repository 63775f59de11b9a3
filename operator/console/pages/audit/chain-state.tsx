// Whether the chain of audit records holds, as the broker finds it itself; and how to find it without the broker.
import type { AuditVerification } from '../../../../proto/http-console.ts'
import { Command } from '../../parts/copy.tsx'
import { Ago } from '../../parts/moment.tsx'
import { Status } from '../../parts/status.tsx'
import { Problem } from '../../parts/table.tsx'
import { useQuery } from '../../state/query.ts'
import { useRegularly } from '../../state/regularly.ts'

export function ChainState() {
  const query = useQuery<AuditVerification>('/v1/audit/verification', { pauseMs: 5_000 })
  useRegularly(query, 10_000)
  const found = query.data.value
  if (found === undefined && query.problem.value !== undefined) return <Problem error={query.problem.value} />
  const broken = found?.state === 'broken'
  return (
    <section class={broken ? 'chain-state chain-broken' : 'chain-state'} aria-label="Audit chain">
      <div role="status">
        {found === undefined ? <span class="faint">Asking the broker…</span> : <Found {...found} />}
      </div>
      {found !== undefined && found.checkedAt !== null && (
        <span class="hint">
          checked <Ago at={found.checkedAt} />
        </span>
      )}
      <details>
        <summary>Verify it yourself</summary>
        <p>
          Each record carries the hash of the one before it. These two commands check every hash without the broker, and
          that the file ends in the chain it has now:
        </p>
        <Command text="drover audit export --out audit.jsonl" />
        <Command text="drover audit verify audit.jsonl --live" />
        <p class="hint">
          Whoever writes down number and hash of a record elsewhere can prove later that nothing before it was changed:{' '}
          <code>drover audit verify audit.jsonl --head NUMBER:HASH</code>
        </p>
      </details>
    </section>
  )
}

function Found({ state, checkedTo, head, firstBroken }: AuditVerification) {
  const progress = `${checkedTo.toLocaleString()} of ${head.toLocaleString()} records checked`
  if (state === 'holds') return <Status tone="good">{`${progress}: the chain holds`}</Status>
  if (state === 'checking') return <Status tone="busy">{`${progress} so far: the chain holds up to there`}</Status>
  return (
    <>
      <Status tone="bad">{`The chain is broken at record ${firstBroken?.toLocaleString() ?? ''}`}</Status>
      <p>
        What is recorded from there on may have been changed or lost after it was written. Keep the data folder of the
        broker as it is, and compare with an export from before.
      </p>
    </>
  )
}
