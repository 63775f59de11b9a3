// What lets a device in, and what shuts it out: new password, token for a certificate, revocation, the way out of the fleet.
import { useSignal } from '@preact/signals'
import type { DeviceView, EnrollAnswer } from '../../../../proto/http-api.ts'
import type { EnrolmentToken } from '../../../../proto/http-certificates.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { may } from '../../state/session.ts'
import { SecretShown } from './secret-shown.tsx'

type Asked = 'secret' | 'token' | 'revoke' | 'deregister'
interface Shown {
  readonly title: string
  readonly what: string
  readonly secret: string
  readonly note: string
}

interface CredentialsProps {
  readonly device: DeviceView
  readonly onChange: () => void
}

export function Credentials({ device: { id, state }, onChange }: CredentialsProps) {
  const asked = useSignal<Asked | undefined>(undefined)
  const shown = useSignal<Shown | undefined>(undefined)
  const address = `/v1/devices/${encodeURIComponent(id)}`
  const close = (): void => {
    asked.value = undefined
  }
  const ask = (what: Asked) => () => {
    asked.value = what
  }
  return (
    <section>
      <h3>Credentials</h3>
      <div class="deeds">
        {may('admin') && (
          <button type="button" onClick={ask('secret')}>
            New password
          </button>
        )}
        <button type="button" onClick={ask('token')}>
          Token for a certificate
        </button>
        <button type="button" class="danger-quiet" onClick={ask('revoke')}>
          Revoke certificates
        </button>
        <button type="button" class="danger-quiet" onClick={ask('deregister')}>
          Deregister
        </button>
      </div>
      {asked.value === 'secret' && (
        <Confirm
          title={`A new password for ${id}?`}
          confirm="Issue a new password"
          tone="danger"
          onClose={close}
          onConfirm={async () => {
            const { secret } = await send<EnrollAnswer>('POST', `${address}/secret`)
            shown.value = {
              title: `New password of ${id}`,
              what: 'MQTT password',
              secret,
              note: 'The old one is void; the device is disconnected until it has this one.',
            }
          }}
        >
          <p>
            The password of <strong>1</strong> device is void at once and its connection ends; it cannot come back
            before it has the new one.
          </p>
        </Confirm>
      )}
      {asked.value === 'token' && (
        <Confirm
          title={`A token for ${id}?`}
          confirm="Issue a token"
          onClose={close}
          onConfirm={async () => {
            const { token, expiresAt } = await send<EnrolmentToken>('POST', `${address}/enrolment-token`)
            shown.value = {
              title: `Token of ${id}`,
              what: 'Enrollment token',
              secret: token,
              note: `Good for one certificate, until ${new Date(expiresAt).toLocaleString()}.`,
            }
          }}
        >
          <p>
            With it the device gets <strong>1</strong> certificate by itself within a day. A token issued before and not
            used yet is void; a password of the device is void as soon as it has the certificate.
          </p>
        </Confirm>
      )}
      {asked.value === 'revoke' && (
        <Confirm
          title={`Revoke the certificates of ${id}?`}
          confirm="Revoke its certificates"
          tone="danger"
          onClose={close}
          onConfirm={async () => {
            await send('DELETE', `${address}/certificates`)
            tell(`The certificates of ${id} are revoked.`)
            onChange()
          }}
        >
          <p>
            None of the certificates and tokens of <strong>1</strong> device counts any more, and its connection ends.
            To come back it needs a new token or password.
          </p>
        </Confirm>
      )}
      {asked.value === 'deregister' && <Deregister id={id} state={state} onClose={close} onDone={onChange} />}
      {shown.value !== undefined && (
        <SecretShown
          {...shown.value}
          onClose={() => {
            shown.value = undefined
            onChange()
          }}
        />
      )}
    </section>
  )
}

interface DeregisterProps {
  readonly id: string
  readonly state: DeviceView['state']
  readonly onClose: () => void
  readonly onDone: () => void
}

function Deregister({ id, state, onClose, onDone }: DeregisterProps) {
  const typed = useSignal('')
  return (
    <FormDialog
      title={`Deregister ${id}?`}
      submit="Deregister"
      tone="danger"
      ready={typed.value === id}
      onClose={onClose}
      onSubmit={async () => {
        await send('DELETE', `/v1/devices/${encodeURIComponent(id)}`)
        tell(`${id} is deregistered.`)
        onClose()
        onDone()
      }}
    >
      <p>
        <strong>1</strong> device leaves {state === 'registered' ? 'the registry and every operation' : 'the broker'}.
        Its credentials are void and its connection ends; its event log stays. It comes back only by being enrolled
        anew.
      </p>
      <div class="field">
        <label for="deregister-id">
          Type <code>{id}</code> to confirm
        </label>
        <input
          id="deregister-id"
          autocomplete="off"
          spellcheck={false}
          value={typed.value}
          onInput={event => {
            typed.value = event.currentTarget.value
          }}
        />
      </div>
    </FormDialog>
  )
}
