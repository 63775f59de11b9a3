// Webhooks: addresses that are told when operations pause, abort or end; made with a key that is shown once, taken away.
import { useSignal } from '@preact/signals'
import type { WebhookAnswer, WebhookView } from '../../../../proto/http-admin.ts'
import type { Listing } from '../../../../proto/http-api.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Moment } from '../../parts/moment.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { useQuery } from '../../state/query.ts'
import { SecretDialog } from './secret-dialog.tsx'

type EventName = WebhookView['events'][number]
type Asked =
  | { readonly kind: 'create' }
  | { readonly kind: 'delete'; readonly webhook: WebhookView }
  | { readonly kind: 'told'; readonly answer: WebhookAnswer }

const events: readonly { readonly name: EventName; readonly text: string }[] = [
  { name: 'operation.paused', text: 'an operation paused, by a person or by a rule' },
  { name: 'operation.aborted', text: 'a rule stopped an operation or rolled it back' },
  { name: 'operation.completed', text: 'an operation came to its end' },
  { name: 'operation.stopped', text: 'a stopped operation has ended on its last device' },
]

export function Webhooks() {
  const query = useQuery<Listing<WebhookView>>('/v1/webhooks', { pauseMs: 5_000 })
  const asked = useSignal<Asked | undefined>(undefined)
  const close = (): void => {
    asked.value = undefined
  }
  const columns: readonly Column<WebhookView>[] = [
    { head: 'Address', kind: 'wide', cell: ({ url }) => <span class="webhook-url">{url}</span> },
    {
      head: 'Is told of',
      cell: webhook => (
        <div class="chips">
          {webhook.events.map(name => (
            <span key={name} class="chip">
              {name}
            </span>
          ))}
        </div>
      ),
    },
    {
      head: 'Since',
      cell: ({ createdAt, createdBy }) => (
        <>
          <Moment at={createdAt} />
          <span class="under faint">by {createdBy}</span>
        </>
      ),
    },
    {
      head: 'Actions',
      kind: 'actions',
      cell: webhook => (
        <button
          type="button"
          class="danger-quiet"
          aria-label={`Delete the webhook to ${webhook.url}`}
          onClick={() => {
            asked.value = { kind: 'delete', webhook }
          }}
        >
          Delete
        </button>
      ),
    },
  ]
  const shown = asked.value
  return (
    <section class="webhooks">
      <header class="section-head">
        <h2>Webhooks</h2>
        <button
          type="button"
          onClick={() => {
            asked.value = { kind: 'create' }
          }}
        >
          New webhook
        </button>
      </header>
      <Table
        caption="Addresses that are told how operations go"
        columns={columns}
        rows={query.data.value?.data}
        keyOf={({ id }) => id}
        problem={query.problem.value}
        loading={query.loading.value}
        empty={
          <>
            <p>Nobody is told when operations pause, abort or end.</p>
            <p>
              Make a webhook here, or in a terminal: <code>drover webhooks create https://ops.example/drover</code>
            </p>
          </>
        }
      />
      {shown?.kind === 'create' && (
        <NewWebhook
          onClose={close}
          onMade={answer => {
            asked.value = { kind: 'told', answer }
            query.refresh()
          }}
        />
      )}
      {shown?.kind === 'delete' && (
        <Confirm
          title="Delete this webhook?"
          confirm="Delete the webhook"
          tone="danger"
          onClose={close}
          onConfirm={async () => {
            await send('DELETE', `/v1/webhooks/${encodeURIComponent(shown.webhook.id)}`)
            tell('The webhook was deleted.')
            query.refresh()
          }}
        >
          <p>
            <span class="webhook-url">{shown.webhook.url}</span> is told nothing any more, and its key is void.
          </p>
        </Confirm>
      )}
      {shown?.kind === 'told' && (
        <SecretDialog
          title="Key of the webhook"
          text={`Every message to ${shown.answer.url} is signed with this key: whoever receives it can tell that it is from this broker.`}
          secret={shown.answer.secret}
          what="the key"
          onClose={close}
        />
      )}
    </section>
  )
}

interface NewWebhookProps {
  readonly onMade: (answer: WebhookAnswer) => void
  readonly onClose: () => void
}

function NewWebhook({ onMade, onClose }: NewWebhookProps) {
  const url = useSignal('')
  const chosen = useSignal<ReadonlySet<EventName>>(new Set(events.map(({ name }) => name)))
  const toggle = (name: EventName): void => {
    const next = new Set(chosen.value)
    if (!next.delete(name)) next.add(name)
    chosen.value = next
  }
  return (
    <FormDialog
      title="New webhook"
      submit="Make it and show the key"
      ready={url.value.trim() !== '' && chosen.value.size > 0}
      onClose={onClose}
      onSubmit={async () => {
        const names = events.map(({ name }) => name).filter(name => chosen.value.has(name))
        onMade(await send<WebhookAnswer>('POST', '/v1/webhooks', { url: url.value.trim(), events: names }))
      }}
    >
      <div class="field">
        <label for="webhook-url">Address that messages are posted to</label>
        <input
          id="webhook-url"
          type="text"
          inputMode="url"
          autocomplete="off"
          spellcheck={false}
          placeholder="https://ops.example/drover"
          value={url.value}
          onInput={event => {
            url.value = event.currentTarget.value
          }}
        />
      </div>
      <fieldset class="roles">
        <legend>Tell it when</legend>
        {events.map(({ name, text }) => (
          <label key={name} class="role-choice">
            <input type="checkbox" checked={chosen.value.has(name)} onChange={() => toggle(name)} />
            <span>
              {text} <code class="hint">{name}</code>
            </span>
          </label>
        ))}
      </fieldset>
    </FormDialog>
  )
}
