// The console beside an update that really runs: virtual sensors of the simulator on slow lines, some of them with a fault,
// watched and stopped without a reload.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import t from 'tap'
import type { OperationView } from '../../../proto/http-api.ts'
import { bareNode } from '../../fixtures/cases.ts'
import { untilValue } from '../../stories/process.ts'
import { noBrowser, openBrowser, signIn, visit } from './harness/browser.ts'
import { openRooms, type Rooms } from './harness/rooms.ts'

const simulator = fileURLToPath(new URL('../../../simulator/main.js', import.meta.url))
const sensors = 24
t.setTimeout(110_000)

/** Two sensors at once, a few seconds each; three of them have no room for the image. */
function startFleet(t: { teardown(end: () => void): unknown }, rooms: Rooms): void {
  const file = (name: string, text: string): string => {
    writeFileSync(join(rooms.folder, name), text)
    return join(rooms.folder, name)
  }
  const [command, parameters] = bareNode([
    simulator,
    'fleet',
    ...['--url', `mqtt://127.0.0.1:${rooms.broker.mqttPort}`, '--http', rooms.origin],
    ...['--token-file', file('fleet-token', rooms.tokens.admin)],
    ...['--profile', file('profile.json', JSON.stringify({ downBytesPerSecond: 128 * 1024, bootMs: 500 }))],
    ...['--devices', String(sensors), '--faults', 'code-33=12.5%', '--concurrency', '2', '--image-size', '192KiB'],
    ...['--ramp', 'all-at-once', '--processes', '1', '--limit', '2m', '--quiet', '--prefix', 'live'],
  ])
  const fleet = spawn(command, parameters, { stdio: 'ignore' })
  t.teardown(() => fleet.kill('SIGKILL'))
}

t.test('an update of virtual sensors', { skip: noBrowser }, async t => {
  const whole = t
  const rooms = await openRooms(t)
  const browser = await openBrowser(t)
  const at = async (address: string): Promise<Page> => {
    const { page } = await visit(browser, rooms.origin)
    await signIn(page, rooms.tokens.operator, address)
    return page
  }
  const percentOf = async (page: Page): Promise<number> =>
    Number(await page.getByRole('progressbar').first().getAttribute('aria-valuenow'))

  t.test('appears, moves, and is stopped with the numbers of that moment; nobody reloads', async t => {
    const page = await at('/devices/updates')
    await page.getByText('No update has been requested yet.').waitFor()
    await page.evaluate('window.loadedOnce = true')
    const overview = await at('/')
    startFleet(whole, rooms)
    await page.getByText('Processing').waitFor({ timeout: 60_000 })
    t.equal(await page.getByRole('cell', { name: String(sensors), exact: true }).count(), 1, 'all sensors are counted')
    await overview.getByRole('progressbar').first().waitFor()
    const first = await percentOf(page)
    const later = await untilValue(async () => {
      const value = await percentOf(page)
      return value > first ? value : undefined
    })
    t.ok(later > first, `the bar moved from ${first} to ${later} %`)

    await page.getByRole('button', { name: /^Stop / }).click()
    const dialog = page.getByRole('dialog')
    const counts = (await dialog.getByRole('listitem').allTextContents()).map(
      text => text.match(/\d+/g)?.map(Number) ?? [],
    )
    const [[waiting = 0] = [], [running = 0] = [], [updated = 0, failed = 0] = []] = counts
    t.equal(waiting + running + updated + failed, sensors, 'the question adds up')
    t.ok(running <= 2, `${running} in progress, two at most`)
    await dialog.getByRole('button', { name: 'Stop the update' }).click()
    await page.locator('.status', { hasText: 'Stopped' }).waitFor({ timeout: 60_000 })
    const { data } = await rooms.call<{ data: OperationView[] }>('GET', '/v1/operations')
    const [operation] = data
    t.ok(operation?.state === 'stopped' && operation.updated + operation.errors === sensors)
    await page.getByRole('link', { name: new RegExp(`^${operation?.errors} errors`) }).click()
    await page.getByText('Update stopped by user').first().waitFor()
    t.equal(await page.evaluate('window.loadedOnce'), true, 'it is still the page that was opened first')
  })

  t.test('every sensor has its log, and the events of all are there', async t => {
    const page = await at('/events')
    await page.getByRole('row').nth(1).waitFor()
    const codes = await page.getByRole('row').allTextContents()
    t.ok(
      codes.some(text => /SYS_103/.test(text)),
      'the stop is told of each that waited',
    )
    await page
      .getByRole('link', { name: /^live-/ })
      .first()
      .click()
    await page
      .getByRole('complementary')
      .getByText(/SYS_106/)
      .first()
      .waitFor()
  })
})
