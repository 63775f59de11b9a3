// Addresses of the details of a device, over whatever list is shown.
import { addressWith } from '../../state/route.ts'

export const detailTabs = ['log', 'overview', 'configuration', 'operations'] as const
export type DetailTab = (typeof detailTabs)[number]

const closed = { device: undefined, tab: undefined, log: undefined, past: undefined }

/** `log` and `past` are the cursors of the tabs. */
export function detailsAddress(device: string, tab: DetailTab = 'log'): string {
  return addressWith({ ...closed, device, tab: tab === 'log' ? undefined : tab })
}

export function closedAddress(): string {
  return addressWith(closed)
}
