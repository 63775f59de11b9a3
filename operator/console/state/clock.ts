// Time in the console: the only place that reads the clock or sets a timer.
import { signal } from '@preact/signals'

/** Milliseconds since 1970 by the browser's clock, a new value every second while the page is seen. */
export const now = signal(Date.now())

/** Starts the second hand; called once. */
export function startClock(): void {
  setInterval(() => {
    if (document.visibilityState === 'visible') now.value = Date.now()
  }, 1_000)
  document.addEventListener('visibilitychange', () => {
    now.value = Date.now()
  })
}

/** Runs `action` once after `delayMs`; the result cancels it. */
export function after(delayMs: number, action: () => void): () => void {
  const timer = setTimeout(action, delayMs)
  return () => clearTimeout(timer)
}

export function currentMs(): number {
  return Date.now()
}
