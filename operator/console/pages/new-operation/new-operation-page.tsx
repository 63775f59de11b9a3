// A new operation. The form is fetched with the page, not with the console.
import { later } from '../../parts/later.tsx'
import { Page } from '../../parts/page.tsx'

const OperationForm = later(async () => (await import('../operation-parts.ts')).OperationForm)

export function NewOperationPage() {
  return (
    <Page title="New operation">
      <OperationForm />
    </Page>
  )
}
