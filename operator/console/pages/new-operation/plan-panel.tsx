// Whom it would touch: the number of devices, what becomes of them and why, with some of them by name.
import type { OperationPlan } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Status } from '../../parts/status.tsx'
import { wordsOf } from '../../state/api.ts'
import { addressOf } from '../../state/route.ts'
import type { Planned } from './plan.ts'
import { verdictWords } from './verdict-words.ts'

interface PlanPanelProps {
  readonly planned: Planned
  /** The form says who is meant. */
  readonly isAimed: boolean
  /** The plan is about all of the form, not only its targets. */
  readonly isWhole: boolean
  /** Why it is not about all of the form. */
  readonly note: string
  /** Devices in a file, of which only the first were looked at. */
  readonly inFile: number | undefined
}

export function PlanPanel({ planned: { plan, problem, old }, isAimed, isWhole, note, inFile }: PlanPanelProps) {
  return (
    <div class="plan" aria-busy={old}>
      <div role="status">
        <Total plan={plan} isAimed={isAimed} inFile={inFile} />
      </div>
      {problem !== undefined && isWhole && <p class="field-problem">{wordsOf(problem)}</p>}
      {plan !== undefined && isWhole && <Verdicts verdicts={plan.verdicts} />}
      {isAimed && !isWhole && <p class="hint">{note}</p>}
    </div>
  )
}

function Total({
  plan,
  isAimed,
  inFile,
}: Pick<PlanPanelProps, 'isAimed' | 'inFile'> & { readonly plan: OperationPlan | undefined }) {
  if (!isAimed) return <p class="hint">Say which devices are meant.</p>
  if (plan === undefined)
    return (
      <p>
        <strong class="figure">–</strong> <span class="hint">devices</span>
      </p>
    )
  const many = inFile ?? plan.sensors
  return (
    <>
      <p>
        <strong class="figure">{many.toLocaleString()}</strong>{' '}
        <span class="hint">
          {many === 1 ? 'device' : 'devices'}
          {!plan.complete && ' at least: there are more than were looked at'}
        </span>
      </p>
      {inFile !== undefined && inFile > plan.sensors && (
        <p class="hint">Looked at were the first {plan.sensors.toLocaleString()} of the file.</p>
      )}
    </>
  )
}

export function Verdicts({ verdicts }: Pick<OperationPlan, 'verdicts'>) {
  return (
    <ul class="verdicts plain">
      {verdicts.map(({ verdict, count, devices }) => {
        const { tone, text, why } = verdictWords(verdict, count)
        return (
          <li key={verdict}>
            <div class="verdict">
              <Status tone={tone}>{`${count.toLocaleString()} ${text}`}</Status>
              {why !== undefined && <span class="hint">{why}</span>}
            </div>
            <details>
              <summary class="hint">Which</summary>
              <ul class="chips plain">
                {devices.map(device => (
                  <li key={device} class="chip">
                    <Link to={addressOf('/devices', { device })}>{device}</Link>
                  </li>
                ))}
                {count > devices.length && <li class="hint">and {(count - devices.length).toLocaleString()} more</li>}
              </ul>
            </details>
          </li>
        )
      })}
    </ul>
  )
}
