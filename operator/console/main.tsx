// Where the console begins: clock, address, session, then what is seen.
import { render } from 'preact'
import { App, fetchAhead } from './app.tsx'
import { startClock } from './state/clock.ts'
import { startRouting } from './state/route.ts'
import { loadSession } from './state/session.ts'
import './style/base.css'
import './style/frame.css'
import './style/parts.css'
import './style/pages.css'

const root = document.getElementById('app')
if (root === null) throw new Error('the page has no place for the console')
startClock()
startRouting()
fetchAhead()
await loadSession()
render(<App />, root)
