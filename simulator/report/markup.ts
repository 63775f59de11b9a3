// HTML and SVG as a template whose values are escaped: what is no Markup is text, so that forgetting is impossible.
import { printable } from './printable.ts'

export class Markup {
  readonly text: string
  /** `text` is taken as it is. */
  constructor(text: string) {
    this.text = text
  }
}

export type Content = string | number | Markup | readonly Content[]

/** For elements and for attributes in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings.map((string, index) => string + escaped(values[index] ?? '')).join(''))
}

function escaped(value: Content): string {
  if (value instanceof Markup) return value.text
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return printable(value).replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)
  return value.map(escaped).join('')
}
