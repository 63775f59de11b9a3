// A part of the console that is fetched when it is first seen, so that a page with a list need not wait for forms and details
// nobody has asked for yet. What could not be fetched (the broker has been updated meanwhile) says so, with the way out.
import { signal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'

/** A component in the place of the one that `load` brings. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const found = signal<{ readonly component: ComponentType<Props> } | 'failed' | undefined>(undefined)
  const fetchIt = (): void => {
    found.value = undefined
    load().then(
      component => {
        found.value = { component }
      },
      () => {
        found.value = 'failed'
      },
    )
  }
  return function Later(props: Props) {
    useEffect(() => {
      if (found.value === undefined || found.value === 'failed') fetchIt()
    }, [])
    if (found.value === undefined)
      return (
        <div class="waiting" role="status">
          Asking the broker…
        </div>
      )
    if (found.value === 'failed')
      return (
        <p class="problem" role="alert">
          This part of the console could not be fetched.{' '}
          <button type="button" onClick={() => window.location.reload()}>
            Load the console again
          </button>
        </p>
      )
    const Found = found.value.component
    return <Found {...props} />
  }
}
