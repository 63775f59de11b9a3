// Who is signed in, and what he may do. The broker judges each request by itself; here it is only decided what is offered.
import { signal } from '@preact/signals'
import type { SessionView } from '../../../proto/http-console.ts'
import { ApiProblem, get, send, signedOut } from './api.ts'
import { addressOf, navigate, parameter, place } from './route.ts'

export type Role = SessionView['role']

/** Undefined: not known yet; null: nobody. */
export const session = signal<SessionView | null | undefined>(undefined)
/** Why nobody knows: the broker did not answer when the page was opened. */
export const sessionProblem = signal<ApiProblem | undefined>(undefined)

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, approver: 2, admin: 3 }

export function may(role: Role): boolean {
  return session.value !== null && session.value !== undefined && rank[session.value.role] >= rank[role]
}

/** Asks only a broker that this browser has signed in at: to be refused tells nothing new, and the browser reports it. */
export async function loadSession(): Promise<void> {
  sessionProblem.value = undefined
  if (!hasSignedIn()) {
    session.value = null
    return
  }
  try {
    session.value = await get<SessionView>('/v1/session')
    signedOut.value = false
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      session.value = null
      rememberSignIn(false)
    } else if (error instanceof ApiProblem) sessionProblem.value = error
    else throw error
  }
}

/** Rejects with ApiProblem. */
export async function signIn(token: string): Promise<void> {
  session.value = await send<SessionView>('POST', '/v1/session', { token })
  rememberSignIn(true)
  signedOut.value = false
  navigate(safeNext(parameter('next')), { replace: true })
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/v1/session').catch((error: unknown) => {
    // It is over already.
    if (!(error instanceof ApiProblem && error.status === 401)) throw error
  })
  rememberSignIn(false)
  session.value = null
  navigate('/sign-in')
}

/** To the sign-in page, and back to here afterwards. */
export function askToSignIn(): void {
  session.value = null
  const { path, query } = place.value
  if (path === '/sign-in') return
  const here = addressOf(path, Object.fromEntries(query))
  navigate(addressOf('/sign-in', { next: here === '/' ? '' : here }), { replace: true })
}

/** Nothing secret: the cookie itself is out of reach of scripts. */
const signInKey = 'drover-has-signed-in'

function hasSignedIn(): boolean {
  try {
    return localStorage.getItem(signInKey) !== null
  } catch {
    // A browser that keeps nothing: then the broker is asked.
    return true
  }
}

function rememberSignIn(is: boolean): void {
  try {
    if (is) localStorage.setItem(signInKey, '1')
    else localStorage.removeItem(signInKey)
  } catch {
    // As above.
  }
}

/** Only an address of this console. */
function safeNext(next: string): string {
  return /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/'
}
