// The questions around a principal: a new one, another role, a new token, taken away.
import { useSignal } from '@preact/signals'
import type { PrincipalAnswer, PrincipalView } from '../../../../proto/http-admin.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { loadSession, type Role, session } from '../../state/session.ts'
import { RoleField } from './role-field.tsx'

interface MadeProps {
  readonly onMade: (answer: PrincipalAnswer) => void
  readonly onClose: () => void
}

interface DoneProps {
  readonly principal: PrincipalView
  readonly onDone: () => void
  readonly onClose: () => void
}

export function NewPrincipal({ onMade, onClose }: MadeProps) {
  const name = useSignal('')
  const role = useSignal<Role>('viewer')
  return (
    <FormDialog
      title="New principal"
      submit="Make it and show the token"
      ready={name.value.trim() !== ''}
      onClose={onClose}
      onSubmit={async () => {
        const answer = await send<PrincipalAnswer>('POST', '/v1/principals', {
          name: name.value.trim(),
          role: role.value,
        })
        onMade(answer)
      }}
    >
      <div class="field">
        <label for="principal-name">Name of the person or service</label>
        <input
          id="principal-name"
          autocomplete="off"
          spellcheck={false}
          maxLength={64}
          value={name.value}
          onInput={event => {
            name.value = event.currentTarget.value
          }}
        />
        <p class="hint">1 to 64 of A-Z a-z 0-9 . _ : -</p>
      </div>
      <RoleField
        value={role.value}
        onChange={chosen => {
          role.value = chosen
        }}
      />
    </FormDialog>
  )
}

export function ChangeRole({ principal: { name, role: before }, onDone, onClose }: DoneProps) {
  const role = useSignal<Role>(before)
  return (
    <FormDialog
      title={`Role of ${name}`}
      submit={role.value === before ? 'Change the role' : `Make ${name} ${role.value}`}
      ready={role.value !== before}
      onClose={onClose}
      onSubmit={async () => {
        await send<PrincipalView>('PATCH', pathOf(name), { role: role.value })
        tell(`${name} is ${role.value} now.`)
        if (isMe(name)) await loadSession()
        onDone()
      }}
    >
      <p>
        {name} is <strong>{before}</strong> now. The change counts at once; connections over MQTT are closed and may
        come again.
      </p>
      {isMe(name) && <Mine text="You change your own role: without admin you cannot change it back." />}
      <RoleField
        value={role.value}
        onChange={chosen => {
          role.value = chosen
        }}
      />
    </FormDialog>
  )
}

export function RenewToken({
  principal: { name },
  onMade,
  onClose,
}: MadeProps & { readonly principal: PrincipalView }) {
  return (
    <FormDialog
      title={`New token for ${name}?`}
      submit="Renew the token"
      tone="danger"
      onClose={onClose}
      onSubmit={async () => onMade(await send<PrincipalAnswer>('POST', `${pathOf(name)}/token`))}
    >
      <p>
        The token {name} has now is void at once: everything that uses it, browsers too, must sign in with the new one.
      </p>
      {isMe(name) && <Mine text="It is your own token: you will have to sign in with the new one." />}
    </FormDialog>
  )
}

export function DeletePrincipal({ principal: { name, role }, onDone, onClose }: DoneProps) {
  return (
    <Confirm
      title={`Delete ${name}?`}
      confirm={`Delete ${name}`}
      tone="danger"
      onClose={onClose}
      onConfirm={async () => {
        await send('DELETE', pathOf(name))
        tell(`${name} was deleted.`)
        onDone()
      }}
    >
      <p>
        {name} ({role}) can no longer sign in; the token is void at once and open connections end. Operations made by{' '}
        {name} go on, and the audit log keeps the name.
      </p>
      {isMe(name) && <Mine text="It is yourself: you will be signed out." />}
    </Confirm>
  )
}

function Mine({ text }: { readonly text: string }) {
  return <p class="warning">{text}</p>
}

function isMe(name: string): boolean {
  return session.value?.name === name
}

function pathOf(name: string): string {
  return `/v1/principals/${encodeURIComponent(name)}`
}
