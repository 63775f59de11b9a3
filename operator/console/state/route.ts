// Where the person is: path and query of the address, as signals. All state of a page that is worth sharing stands in its
// address, so that a link shows a colleague the same thing and the browser's Back goes back.
import { computed, signal } from '@preact/signals'

export interface Place {
  readonly path: string
  readonly query: URLSearchParams
}

export const place = signal<Place>(placeOf(location))
export const path = computed(() => place.value.path)

/** Called once. */
export function startRouting(): void {
  addEventListener('popstate', () => {
    place.value = placeOf(location)
  })
}

export function navigate(address: string, { replace = false } = {}): void {
  if (address === location.pathname + location.search) return
  if (replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  place.value = placeOf(location)
}

/** A parameter of the present address; '' when it is absent. */
export function parameter(name: string): string {
  return place.value.query.get(name) ?? ''
}

/** The present address with other parameters: undefined or '' takes one away. */
export function addressWith(changes: Readonly<Record<string, string | undefined>>): string {
  const { path, query } = place.value
  return addressOf(path, { ...Object.fromEntries(query), ...changes })
}

export function addressOf(path: string, parameters: Readonly<Record<string, string | undefined>> = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') query.set(name, value)
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

/** Changes parameters of this page in place; a new entry of the history unless `replace`. */
export function setParameters(
  changes: Readonly<Record<string, string | undefined>>,
  options?: { replace?: boolean },
): void {
  navigate(addressWith(changes), options)
}

function placeOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Place {
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname
  return { path, query: new URLSearchParams(search) }
}
