// What happens, as it happens: one stream of server-sent events for the tab. Operations come whole as they change; of the
// log only that it has grown, upon which the page that is open asks again. Silence is noticed: the broker says something
// with every heartbeat. A tab that nobody has looked at for a minute gives its stream up until it is seen again: browsers
// open six connections to one address, and a seventh tab would wait for ever.
import { signal } from '@preact/signals'
import type { OperationView } from '../../../proto/http-api.ts'
import { answeredAt, signedOut } from './api.ts'
import { after, currentMs } from './clock.ts'
import { loadSession, session } from './session.ts'

/** `offline`: nothing comes, and it is tried again and again. */
export const connection = signal<'connecting' | 'live' | 'offline'>('connecting')
/** Grows whenever the log has grown, or the stream came back: what is shown may be old. */
export const activity = signal(0)

type OperationListener = (operation: OperationView) => void

const listeners = new Set<OperationListener>()
/** The broker speaks every 15 s. */
const silenceMsMax = 40_000
const retryMs = 3_000
const hiddenMsMax = 60_000

let source: EventSource | undefined
let cancelSilence = (): void => undefined
let cancelRetry = (): void => undefined
let cancelHidden = (): void => undefined
let wasLost = false
let isWanted = false

/** Each operation as it changes; the result ends it. */
export function onOperation(listener: OperationListener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Live from now on, until `closeStream`. */
export function openStream(): void {
  if (!isWanted) document.addEventListener('visibilitychange', seenOrHidden)
  isWanted = true
  connect()
  seenOrHidden()
}

export function closeStream(): void {
  isWanted = false
  document.removeEventListener('visibilitychange', seenOrHidden)
  cancelHidden()
  disconnect()
}

/** At once, when a person asks. */
export function reconnect(): void {
  activity.value += 1
  openStream()
}

function seenOrHidden(): void {
  cancelHidden()
  if (document.visibilityState === 'hidden') cancelHidden = after(hiddenMsMax, giveUp)
  else if (source === undefined) connect()
}

/** Not lost: nobody is told, and what is old when the tab is seen again is asked for anew. */
function giveUp(): void {
  disconnect()
  wasLost = true
  connection.value = 'connecting'
}

function connect(): void {
  disconnect()
  source = new EventSource('/v1/stream?kinds=operation,activity')
  source.addEventListener('open', () => {
    heard()
    if (wasLost) activity.value += 1
    wasLost = false
  })
  source.addEventListener('operation', event => {
    heard()
    const operation = JSON.parse((event as MessageEvent<string>).data) as OperationView
    for (const listener of listeners) listener(operation)
  })
  source.addEventListener('activity', event => {
    heard()
    if ((JSON.parse((event as MessageEvent<string>).data) as { readonly events: number }).events > 0)
      activity.value += 1
  })
  source.addEventListener('error', () => lost())
  heardNothingYet()
}

function disconnect(): void {
  cancelSilence()
  cancelRetry()
  source?.close()
  source = undefined
}

function heard(): void {
  connection.value = 'live'
  answeredAt.value = currentMs()
  heardNothingYet()
}

function heardNothingYet(): void {
  cancelSilence()
  cancelSilence = after(silenceMsMax, lost)
}

/** The browser's own retrying ends at the first refusal, so it is done here for every case. */
function lost(): void {
  disconnect()
  wasLost = true
  connection.value = 'offline'
  cancelRetry = after(retryMs, () => {
    void stillSignedIn().then(may => {
      if (!may || !isWanted) return
      connect()
      seenOrHidden()
    })
  })
}

async function stillSignedIn(): Promise<boolean> {
  await loadSession()
  if (session.value === null) signedOut.value = true
  return session.value !== null && session.value !== undefined ? true : session.value === undefined
}
