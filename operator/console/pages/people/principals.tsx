// The principals: who may give commands in which role; made, changed, given a new token, taken away.
import { useSignal } from '@preact/signals'
import type { PrincipalAnswer, PrincipalView } from '../../../../proto/http-admin.ts'
import type { Listing } from '../../../../proto/http-api.ts'
import { Moment } from '../../parts/moment.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { useQuery } from '../../state/query.ts'
import { session } from '../../state/session.ts'
import { ChangeRole, DeletePrincipal, NewPrincipal, RenewToken } from './principal-dialogs.tsx'
import { SecretDialog } from './secret-dialog.tsx'

type Asked =
  | { readonly kind: 'create' }
  | { readonly kind: 'role' | 'token' | 'delete'; readonly principal: PrincipalView }
  | { readonly kind: 'told'; readonly answer: PrincipalAnswer }

export function Principals() {
  const query = useQuery<Listing<PrincipalView>>('/v1/principals', { pauseMs: 5_000 })
  const asked = useSignal<Asked | undefined>(undefined)
  const close = (): void => {
    asked.value = undefined
  }
  const changed = (): void => {
    close()
    query.refresh()
  }
  const told = (answer: PrincipalAnswer): void => {
    asked.value = { kind: 'told', answer }
    query.refresh()
  }
  const columns: readonly Column<PrincipalView>[] = [
    {
      head: 'Name',
      kind: 'wide',
      cell: ({ name }) => (
        <>
          <strong class="principal-name">{name}</strong> {name === session.value?.name && <span class="chip">you</span>}
        </>
      ),
    },
    { head: 'Role', cell: ({ role }) => role },
    { head: 'Since', cell: ({ createdAt }) => <Moment at={createdAt} /> },
    {
      head: 'Actions',
      kind: 'actions',
      cell: principal => (
        <div class="row-actions">
          {(
            [
              ['role', 'Change role', 'Change the role of'],
              ['token', 'Renew token', 'Renew the token of'],
              ['delete', 'Delete', 'Delete'],
            ] as const
          ).map(([kind, text, label]) => (
            <button
              key={kind}
              type="button"
              class={kind === 'delete' ? 'danger-quiet' : undefined}
              aria-label={`${label} ${principal.name}`}
              onClick={() => {
                asked.value = { kind, principal }
              }}
            >
              {text}
            </button>
          ))}
        </div>
      ),
    },
  ]
  const shown = asked.value
  return (
    <section class="people">
      <header class="section-head">
        <h2>People and services</h2>
        <button
          type="button"
          class="primary"
          onClick={() => {
            asked.value = { kind: 'create' }
          }}
        >
          New principal
        </button>
      </header>
      <Table
        caption="People and services that may give commands"
        columns={columns}
        rows={query.data.value?.data}
        keyOf={({ name }) => name}
        problem={query.problem.value}
        loading={query.loading.value}
        empty={
          <p>
            Nobody yet. In a terminal: <code>drover principals create NAME --role operator</code>
          </p>
        }
      />
      {shown?.kind === 'create' && <NewPrincipal onMade={told} onClose={close} />}
      {shown?.kind === 'role' && <ChangeRole principal={shown.principal} onDone={changed} onClose={close} />}
      {shown?.kind === 'token' && <RenewToken principal={shown.principal} onMade={told} onClose={close} />}
      {shown?.kind === 'delete' && <DeletePrincipal principal={shown.principal} onDone={changed} onClose={close} />}
      {shown?.kind === 'told' && (
        <SecretDialog
          title={`Token of ${shown.answer.name}`}
          text={`With it ${shown.answer.name} signs in here, in drover and at MQTT, with the role ${shown.answer.role}.`}
          secret={shown.answer.token}
          what="the token"
          onClose={close}
        />
      )}
    </section>
  )
}
