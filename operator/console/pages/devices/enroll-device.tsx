// First credentials of a device, by its id.
import { useSignal } from '@preact/signals'
import type { EnrollAnswer } from '../../../../proto/http-api.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { send } from '../../state/api.ts'
import { navigate } from '../../state/route.ts'
import { detailsAddress } from './device-address.ts'
import { SecretShown } from './secret-shown.tsx'

export function EnrollDevice({ onClose }: { readonly onClose: () => void }) {
  const id = useSignal('')
  const answer = useSignal<EnrollAnswer | undefined>(undefined)
  if (answer.value !== undefined) {
    const { device, secret } = answer.value
    return (
      <SecretShown
        title={`${device} is enrolled`}
        what="MQTT password"
        secret={secret}
        note={`Put it into a file on the device and name that as passwordFile in its agent.json, with ${device} as deviceId; drover-agent --help tells the rest. The device appears in the list with its first hello.`}
        onClose={() => {
          onClose()
          navigate(detailsAddress(device, 'overview'))
        }}
      />
    )
  }
  return (
    <FormDialog
      title="Enroll a device"
      submit="Issue its password"
      ready={id.value.trim() !== ''}
      onClose={onClose}
      onSubmit={async () => {
        answer.value = await send<EnrollAnswer>('POST', '/v1/devices/enroll', { device: id.value.trim() })
      }}
    >
      <div class="field">
        <label for="enroll-id">Device id</label>
        <input
          id="enroll-id"
          autocomplete="off"
          spellcheck={false}
          maxLength={64}
          aria-describedby="enroll-hint"
          value={id.value}
          onInput={event => {
            id.value = event.currentTarget.value
          }}
        />
        <p class="hint" id="enroll-hint">
          1 to 64 characters of A–Z a–z 0–9 . _ : - beginning with a letter or digit, as the device will call itself.
        </p>
      </div>
      <p>
        <strong>1</strong> device gets an MQTT password, shown once. Many at a time:{' '}
        <code>drover devices enroll ID... --out-dir DIR</code>
      </p>
    </FormDialog>
  )
}
