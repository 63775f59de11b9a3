// Short sentences about what has just been done, shown for a while and read out by screen readers.
import { signal } from '@preact/signals'
import { after } from './clock.ts'

export interface Notice {
  readonly number: number
  readonly text: string
  readonly kind: 'done' | 'failed'
}

const shownMs = 8_000
const noticesMax = 4

export const notices = signal<readonly Notice[]>([])
let last = 0

export function tell(text: string, kind: Notice['kind'] = 'done'): void {
  last += 1
  const number = last
  notices.value = [...notices.value, { number, text, kind }].slice(-noticesMax)
  after(shownMs, () => dismiss(number))
}

export function dismiss(number: number): void {
  notices.value = notices.value.filter(notice => notice.number !== number)
}
