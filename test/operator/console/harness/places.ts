// Every place of the console: its address, and what has to be seen before it is complete. Accessibility is judged, and
// pictures are taken, at all of them.
import type { Page } from 'playwright-core'

export interface Place {
  /** Of its picture. */
  readonly name: string
  readonly address: (ids: PlaceIds) => string
  /** Goes the rest of the way: waits until everything is there, opens what has no address. */
  readonly ready: (page: Page) => Promise<unknown>
  /** Only where something is wrong or running; a fleet without it does not have the place. */
  readonly needs?: 'running'
  /** What is new here; the rest is another place. */
  readonly part?: string
  /** What the browser reports there, as it should. */
  readonly complaint?: RegExp
}

export interface PlaceIds {
  readonly device: string
  /** One with failures that has ended. */
  readonly operation: string
  /** '' when nothing runs. */
  readonly running: string
  readonly release: string
}

type Step = (page: Page) => Promise<unknown>

const both =
  (...steps: readonly Step[]): Step =>
  async page => {
    for (const step of steps) await step(page)
  }
/** Nothing is asked of the broker any more. */
export const settled: Step = async page => {
  await page.locator('main .waiting, main [aria-busy=true]').first().waitFor({ state: 'detached' })
}
const heading = (name: string) => both(page => page.getByRole('heading', { name, level: 1 }).waitFor(), settled)
const rows = both(page => page.locator('.table-frame tbody tr').first().waitFor(), settled)
const drawer = both(page => page.locator('aside.drawer > header h2').waitFor(), settled)
const press = (name: string | RegExp, role: 'button' | 'link' = 'button'): Step =>
  both(page => page.getByRole(role, { name }).first().click(), settled)
const dialog: Step = both(page => page.getByRole('dialog').waitFor(), settled)
const open =
  (summary: string): Step =>
  page =>
    page.locator('summary', { hasText: summary }).first().click()

export const places: readonly Place[] = [
  {
    name: 'overview',
    address: () => '/',
    ready: both(
      heading('Overview'),
      page => page.locator('.tiles').waitFor(),
      page => page.locator('.tiles', { hasText: '–' }).waitFor({ state: 'detached' }),
      page => page.locator('.chart canvas').waitFor(),
      settled,
    ),
  },
  {
    name: 'overview-failures',
    address: () => '/?hours=168',
    ready: both(heading('Overview'), page => page.locator('.chart canvas').waitFor(), open('As a table')),
  },

  { name: 'devices', address: () => '/devices', ready: rows },
  { name: 'devices-help', address: () => '/devices', ready: both(rows, open('How to filter')), part: '.filter' },
  {
    name: 'devices-filtered',
    address: () => '/devices?filter=group%3Dhall-2%26tag%3Dpilot',
    ready: heading('Devices'),
  },
  {
    name: 'devices-wrong-filter',
    address: () => '/devices?filter=shape%3Dround',
    ready: both(heading('Devices'), page => page.getByRole('alert').waitFor()),
    complaint: /400/,
    part: '.filter',
  },
  { name: 'devices-enrolled', address: () => '/devices?waiting=hello', ready: heading('Devices') },
  { name: 'devices-enroll', address: () => '/devices', ready: both(rows, press('Enroll a device'), dialog) },
  { name: 'device-outcome', address: ({ operation }) => `/devices?operation=${operation}&outcome=errors`, ready: rows },
  { name: 'device', address: ({ device }) => `/devices?device=${device}`, ready: both(rows, drawer) },
  {
    name: 'device-overview',
    address: ({ device }) => `/devices?device=${device}&tab=overview`,
    ready: both(rows, drawer),
    part: 'aside.drawer',
  },
  {
    name: 'device-edit',
    address: ({ device }) => `/devices?device=${device}&tab=overview`,
    ready: both(rows, drawer, press('Edit'), settled),
    part: 'aside.drawer',
  },
  {
    name: 'device-deregister',
    address: ({ device }) => `/devices?device=${device}&tab=overview`,
    ready: both(rows, drawer, press('Deregister'), dialog),
  },
  {
    name: 'device-configuration',
    address: ({ device }) => `/devices?device=${device}&tab=configuration`,
    ready: both(rows, drawer),
    part: 'aside.drawer',
  },
  {
    name: 'device-operations',
    address: ({ device }) => `/devices?device=${device}&tab=operations`,
    ready: both(rows, drawer),
    part: 'aside.drawer',
  },

  { name: 'update-status', address: () => '/devices/updates', ready: rows },
  {
    name: 'update-status-failures',
    address: () => '/devices/updates',
    ready: both(rows, press(/^Failures of/)),
  },
  {
    name: 'update-status-stop',
    address: () => '/devices/updates',
    ready: both(rows, press(/^Stop /), dialog),
    needs: 'running',
  },

  { name: 'operations', address: () => '/operations', ready: rows },
  { name: 'operation', address: ({ operation }) => `/operations?operation=${operation}`, ready: both(rows, drawer) },
  {
    name: 'operation-device',
    address: ({ operation }) => `/operations?operation=${operation}&state=failed`,
    ready: both(rows, drawer, press(/^More about/)),
    part: 'aside.drawer',
  },
  ...(['timeline', 'live', 'rules', 'failures'] as const).map(tab => ({
    name: `operation-${tab}`,
    address: ({ operation }: PlaceIds) => `/operations?operation=${operation}&tab=${tab}`,
    ready: both(rows, drawer),
    part: 'aside.drawer',
  })),
  {
    name: 'operation-running',
    address: ({ running }) => `/operations?operation=${running}`,
    ready: both(rows, drawer),
    needs: 'running',
    part: 'aside.drawer',
  },
  {
    name: 'operation-running-live',
    address: ({ running }) => `/operations?operation=${running}&tab=live`,
    ready: both(rows, drawer),
    part: 'aside.drawer',
    needs: 'running',
  },
  {
    name: 'operation-limits',
    address: ({ running }) => `/operations?operation=${running}`,
    ready: both(rows, drawer, press('Change limits'), dialog),
    needs: 'running',
  },
  ...(['firmware-update', 'config-change', 'config-restore', 'reboot', 'command'] as const).map(type => ({
    name: type === 'firmware-update' ? 'new-operation' : `new-operation-${type}`,
    address: ({ release }: PlaceIds) =>
      `/operations/new?type=${type}${type === 'firmware-update' ? `&release=${encodeURIComponent(release)}` : ''}&filter=state%3Doffline`,
    ready: both(
      heading('New operation'),
      page => page.getByLabel('Name', { exact: true }).waitFor(),
      page => page.waitForTimeout(1_200),
      settled,
    ),
    // A broker without an operations key says so when the plan is asked for.
    complaint: /409/,
  })),

  { name: 'events', address: () => '/events', ready: rows },
  { name: 'events-data', address: () => '/events', ready: both(rows, press(/^Data of/)) },
  { name: 'events-help', address: () => '/events', ready: both(rows, open('How to filter')), part: '.filter' },

  { name: 'artifacts', address: () => '/artifacts', ready: rows },
  {
    name: 'release',
    address: ({ release }) => `/artifacts?release=${encodeURIComponent(release)}`,
    ready: both(rows, drawer),
  },

  { name: 'audit', address: () => '/admin/audit', ready: rows },
  { name: 'audit-record', address: () => '/admin/audit?record=1', ready: both(rows, drawer) },
  { name: 'people', address: () => '/admin/people', ready: rows },
  { name: 'people-new', address: () => '/admin/people', ready: both(rows, press('New principal'), dialog) },
  { name: 'people-token', address: () => '/admin/people', ready: both(rows, press(/^Renew the token/), dialog) },
  { name: 'people-delete', address: () => '/admin/people', ready: both(rows, press(/^Delete vera/), dialog) },
]
