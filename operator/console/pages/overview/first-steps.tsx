// The way from an empty broker to the first update, with the commands as they are typed; each step is ticked off when the
// broker has seen it.
import type { ComponentChildren } from 'preact'
import type { EventListing, ReleaseView } from '../../../../proto/http-api.ts'
import { Command } from '../../parts/copy.tsx'
import { Link } from '../../parts/link.tsx'
import { useQuery } from '../../state/query.ts'
import { addressOf } from '../../state/route.ts'
import { may } from '../../state/session.ts'

/** The log tells who has first credentials, the registry only who has connected with them. */
const enrollments = addressOf('/v3/device-events', { event_type: 'SYS_107', limit: '2' })

interface FirstStepsProps {
  readonly release: ReleaseView | undefined
  /** Devices; undefined: not known yet. */
  readonly registered: number | undefined
}

export function FirstSteps({ release, registered = 0 }: FirstStepsProps) {
  const device = useQuery<EventListing>(enrollments).data.value?.data[0]?.device_id
  const name = release === undefined ? 'firmware@2.0.0' : `${release.component}@${release.version}`
  return (
    <section class="card first-steps">
      <h2>From here to the first update</h2>
      <p class="faint">
        Four steps. The first is done in a terminal, where the signing key is: it never comes to the broker.
      </p>
      <ol class="plain">
        <Step number={1} done={release !== undefined} title="Sign an artifact">
          <p>
            Once, <code>drover init</code> writes down this broker and your token, and makes the signing keys. Then a
            bundle is made from the image that is to be installed.
          </p>
          <Command text={`drover init --url ${location.origin} --token-file admin-token`} />
          <Command
            text={
              'drover artifact create --image firmware.bin --component firmware --version 2.0.0 \\\n' +
              '  --out firmware-2.0.0.bundle'
            }
          />
          <p class="hint">
            Devices are given <code>trust.bin</code>, the vendor id and the class id that <code>drover init</code>{' '}
            shows; <code>--component</code> is one of those they name.
          </p>
        </Step>
        <Step number={2} done={release !== undefined} title="Upload the bundle">
          <p>
            {may('operator') ? (
              <>
                Drop the file on the page <Link to="/artifacts">Artifacts</Link>, or
              </>
            ) : (
              'Somebody with the role operator does it:'
            )}
          </p>
          <Command text="drover artifact upload firmware-2.0.0.bundle" />
          {release !== undefined && (
            <p class="hint">
              There is <Link to={addressOf('/artifacts', { release: release.id })}>{name}</Link>.
            </p>
          )}
        </Step>
        <Step number={3} done={device !== undefined || registered > 0} title="Enroll devices">
          <p>
            Each device gets a password of its own; with it the agent connects and says what it has.
            {may('operator') && (
              <>
                {' '}
                With <Link to="/devices">Enroll a device</Link>, or
              </>
            )}
          </p>
          <Command text="drover devices enroll sensor-1 sensor-2 --out-dir passwords" />
          <p class="hint">
            On the device: <code>drover-agent --config agent.json</code>; <code>drover-agent --help</code> names the
            settings.
          </p>
          {(device !== undefined || registered > 0) && (
            <p class="hint">
              {device !== undefined && (
                <>
                  <Link to={addressOf('/devices', { device })}>{device}</Link> was enrolled last.{' '}
                </>
              )}
              {registered === 0
                ? 'No device has connected yet.'
                : `${registered.toLocaleString()} ${registered === 1 ? 'device has' : 'devices have'} connected.`}
            </p>
          )}
        </Step>
        <Step number={4} done={false} title="Start the update">
          <p>
            {may('operator') && (
              <>
                With <Link to={startAddress(release)}>New update</Link>, or
              </>
            )}
          </p>
          <Command text={`drover operation start --release ${name} --all --wait`} />
        </Step>
      </ol>
    </section>
  )
}

interface StepProps {
  readonly number: number
  readonly done: boolean
  readonly title: string
  readonly children: ComponentChildren
}

function Step({ number, done, title, children }: StepProps) {
  return (
    <li class={done ? 'step step-done' : 'step'}>
      <span class="step-mark" aria-hidden="true">
        {done ? '✓' : number}
      </span>
      <div>
        <h3>
          {title}
          {done && <span class="faint"> done</span>}
        </h3>
        {children}
      </div>
    </li>
  )
}

function startAddress(release: ReleaseView | undefined): string {
  return addressOf('/operations/new', { type: 'firmware-update', release: release?.id })
}
