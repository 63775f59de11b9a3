// The door: one token, given once. It goes to the broker and is kept nowhere in the browser.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Problem } from '../parts/table.tsx'
import { ApiProblem } from '../state/api.ts'
import { navigate } from '../state/route.ts'
import { session, signIn } from '../state/session.ts'

export function SignInPage() {
  const token = useSignal('')
  const busy = useSignal(false)
  const problem = useSignal<unknown>(undefined)
  useEffect(() => {
    document.title = 'Sign in · Drover'
    if (session.value !== null && session.value !== undefined) navigate('/', { replace: true })
  }, [])
  const submit = async (): Promise<void> => {
    busy.value = true
    problem.value = undefined
    try {
      await signIn(token.value.trim())
    } catch (error) {
      problem.value = error
    }
    busy.value = false
  }
  return (
    <main class="alone">
      <h1>Drover</h1>
      <form
        class="card"
        onSubmit={event => {
          event.preventDefault()
          void submit()
        }}
      >
        <label for="token">Access token</label>
        <input
          id="token"
          type="password"
          autocomplete="current-password"
          autofocus
          required
          value={token.value}
          onInput={event => {
            token.value = event.currentTarget.value
          }}
        />
        {isRefused(problem.value) ? (
          <p class="problem" role="alert">
            The token is not valid: mistyped, of another broker, renewed or deleted.
          </p>
        ) : (
          problem.value !== undefined && <Problem error={problem.value} />
        )}
        <button type="submit" class="primary" disabled={busy.value}>
          Sign in
        </button>
        <p class="faint">
          The first one is in the file <code>admin-token</code> in the data folder of the broker; an administrator makes
          more under Admin, or with <code>drover principals create NAME --role viewer</code>.
        </p>
      </form>
    </main>
  )
}

function isRefused(problem: unknown): boolean {
  return problem instanceof ApiProblem && problem.status === 401
}
