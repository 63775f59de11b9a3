// People and services that may give commands, and addresses that are told how operations go. For administrators.
import { Page } from '../../parts/page.tsx'
import { may, session } from '../../state/session.ts'
import { AdminTabs } from '../audit/admin-tabs.tsx'
import { Principals } from './principals.tsx'
import { Webhooks } from './webhooks.tsx'

export function People() {
  return (
    <Page title="Admin">
      <AdminTabs current="people" />
      {may('admin') ? (
        <>
          <Principals />
          <Webhooks />
        </>
      ) : (
        <div class="card">
          <p>
            You are signed in with the role <strong>{session.value?.role}</strong>. People, services and webhooks are
            for those with the role <strong>admin</strong>.
          </p>
        </div>
      )}
    </Page>
  )
}
