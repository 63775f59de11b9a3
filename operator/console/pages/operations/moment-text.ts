// A moment inside a sentence: local time.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** `at`: RFC 3339. */
export function momentText(at: string): string {
  return local.format(new Date(at))
}
