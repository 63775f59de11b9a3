// The frame around every page: where one can go, who is signed in, how fresh everything is; and which address is which page.
//
//   operator/console/state   what is known: address, session, live stream, answers of the broker
//   operator/console/parts   what pages are made of
//   operator/console/pages   one file (or folder) for each page
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { NewOperationPage } from './pages/new-operation/new-operation-page.tsx'
import { OperationsPage } from './pages/operations/operations-page.tsx'
import { OverviewPage } from './pages/overview/overview-page.tsx'
import { SignInPage } from './pages/sign-in-page.tsx'
import { Freshness } from './parts/freshness.tsx'
import { later } from './parts/later.tsx'
import { Link } from './parts/link.tsx'
import { NoticeList } from './parts/notice-list.tsx'
import { Page } from './parts/page.tsx'
import { Problem } from './parts/table.tsx'
import { signedOut } from './state/api.ts'
import { closeStream, openStream } from './state/live.ts'
import { path } from './state/route.ts'
import { askToSignIn, loadSession, session, sessionProblem, signOut } from './state/session.ts'

const rooms = () => import('./pages/other-rooms.ts')
const ArtifactsPage = later(async () => (await rooms()).Artifacts)
const AuditPage = later(async () => (await rooms()).AuditLog)
const DevicesPage = later(async () => (await rooms()).DevicesPage)
const EventsPage = later(async () => (await rooms()).EventsPage)
const PeoplePage = later(async () => (await rooms()).People)
const UpdateStatusPage = later(async () => (await rooms()).UpdateStatusPage)

const pages: ReadonlyMap<string, ComponentType> = new Map<string, ComponentType>([
  ['/', OverviewPage],
  ['/devices', DevicesPage],
  ['/devices/updates', UpdateStatusPage],
  ['/operations', OperationsPage],
  ['/operations/new', NewOperationPage],
  ['/events', EventsPage],
  ['/artifacts', ArtifactsPage],
  ['/admin/audit', AuditPage],
  ['/admin/people', PeoplePage],
])

/** So that the code of the page is on its way while the session is asked for. What fails is told where the page is shown. */
export function fetchAhead(): void {
  if (path.value !== '/sign-in' && !/^\/(operations.*)?$/.test(path.value)) rooms().catch(() => {})
}

/** `under`: the entry is current on every address below it. */
const places = [
  { to: '/', text: 'Overview', under: undefined },
  { to: '/devices', text: 'Devices', under: '/devices' },
  { to: '/operations', text: 'Operations', under: '/operations' },
  { to: '/events', text: 'Device events', under: '/events' },
  { to: '/artifacts', text: 'Artifacts', under: '/artifacts' },
  { to: '/admin/audit', text: 'Admin', under: '/admin' },
] as const

export function App() {
  const who = session.value
  const signedIn = who !== null && who !== undefined
  const over = signedOut.value
  useEffect(() => {
    if (who === null || (over && signedIn)) askToSignIn()
  }, [who, over, signedIn])
  useEffect(() => {
    if (!signedIn) return undefined
    openStream()
    return closeStream
  }, [signedIn, who?.name])

  if (path.value === '/sign-in') return <SignInPage />
  if (!signedIn) return who === null ? null : <Unreachable />
  const Shown = pages.get(path.value) ?? NowherePage
  return (
    <div class="frame">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <nav class="places" aria-label="Main">
        <p class="brand">Drover</p>
        <ul>
          {places.map(({ to, text, under }) => (
            <li key={to}>
              <Link to={to} aria-current={isCurrent(to, under) ? 'page' : undefined}>
                {text}
              </Link>
            </li>
          ))}
        </ul>
        <div class="who">
          <Freshness />
          <p>
            <strong>{who.name}</strong> <span class="faint">{who.role}</span>
          </p>
          <button type="button" class="quiet" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
      </nav>
      <main id="content" tabIndex={-1}>
        <Shown />
      </main>
      <NoticeList />
    </div>
  )
}

function isCurrent(to: string, under: string | undefined): boolean {
  return path.value === to || (under !== undefined && path.value.startsWith(`${under}/`))
}

function NowherePage() {
  return (
    <Page title="Nothing here">
      <p>
        There is no page at <code>{path.value}</code>. <Link to="/">Go to the overview</Link>.
      </p>
    </Page>
  )
}

function Unreachable() {
  return (
    <main class="alone">
      <h1>Drover</h1>
      {sessionProblem.value !== undefined && <Problem error={sessionProblem.value} />}
      <button type="button" class="primary" onClick={() => void loadSession()}>
        Try again
      </button>
    </main>
  )
}
