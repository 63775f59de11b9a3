// The Update status tab as people use it: what it shows of operations of every kind, the rules of the documented page, and
// that nobody has to reload.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import t from 'tap'
import type { OperationView } from '../../../proto/http-api.ts'
import { noBrowser, openBrowser, signIn, visit } from './harness/browser.ts'
import { oddNames, ruleData } from './harness/data.ts'
import { openRooms, type Person } from './harness/rooms.ts'

const address = '/devices/updates'
t.setTimeout(110_000)

t.test('update status', { skip: noBrowser }, async t => {
  const rooms = await openRooms(t, ruleData())
  const browser = await openBrowser(t)
  const at = async (person: Person = 'operator', next = address) => {
    const visitor = await visit(browser, rooms.origin)
    await signIn(visitor.page, rooms.tokens[person], next)
    await visitor.page.getByRole('row').nth(1).waitFor()
    return visitor
  }
  const row = (page: Page, name: string) =>
    page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
  const cells = (page: Page, name: string) => row(page, name).getByRole('cell')

  t.test('a wrong token is refused in words, the right one leads to where one wanted to go', async t => {
    const { page, expect } = await visit(browser, rooms.origin)
    expect(/401/)
    await page.goto(address)
    await page.waitForURL(/\/sign-in\?next=/)
    await page.getByLabel('Token').fill('not-a-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    t.match(await page.getByRole('alert').textContent(), /not valid/)
    await page.getByLabel('Token').fill(rooms.tokens.viewer)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`**${address}`)
    await page.getByRole('heading', { name: 'Devices', level: 1 }).waitFor()
    t.match(await page.title(), /Devices · Drover/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL('**/sign-in')
    await page.goto(address)
    await page.waitForURL(/\/sign-in\?next=/)
  })

  t.test('the seven columns, and every row in the words of the page', async t => {
    const { page } = await at()
    const heads = await page.getByRole('columnheader').allTextContents()
    t.strictSame(heads, ['Requested', 'Completed', 'Status', 'Sensors', 'Updated', 'Errors', 'Actions'])
    const words = async (name: string) => row(page, name).locator('.status').textContent()
    t.match(await words('waits for approval'), /Pending/)
    t.match(await words('paused by a rule'), /Processing/)
    t.match(await words('runs'), /Processing/)
    t.match(await words('499 updated'), /Completed/)
    t.match(await words('499 errors'), /Stopped/)
    for (const name of oddNames) t.equal(await row(page, name).count(), 1, `${name} is shown as it is`)
    t.equal(await page.locator('b', { hasText: 'bold' }).count(), 0, 'a name is text, not markup')
    t.equal(await row(page, 'nightly backup').count(), 0, 'only firmware updates are updates')
  })

  t.test('the bar tells ok, failed, running and waiting', async t => {
    const { page } = await at()
    const bar = page.getByRole('progressbar', { name: 'Progress of runs' })
    t.equal(await bar.getAttribute('aria-valuetext'), '18 %: 20 updated, 5 failed, 10 in progress, 100 waiting')
    const [ok, failed, running, waiting] = await bar
      .locator('span')
      .evaluateAll(parts => parts.map(part => part.clientWidth))
    t.ok(
      (ok ?? 0) > (running ?? 0) && (running ?? 0) > (failed ?? 0) && (waiting ?? 0) > (ok ?? 0),
      'widths follow the numbers',
    )
  })

  t.test('numbers are links when the update has ended and fewer than 500 devices are meant', async t => {
    const { page } = await at()
    const links = async (name: string): Promise<[boolean, boolean]> => {
      const linked = async (index: number) => (await cells(page, name).nth(index).getByRole('link').count()) === 1
      return [await linked(4), await linked(5)]
    }
    t.strictSame(await links('499 updated'), [true, true])
    t.strictSame(await links('500 of each'), [false, false])
    t.strictSame(await links('499 errors'), [true, true])
    t.strictSame(await links('runs'), [false, false], 'not while it runs')
    t.strictSame(await links('paused by a rule'), [false, false])
    t.strictSame(await links('no errors'), [true, false])
    t.match(await cells(page, '500 of each').nth(4).locator('span').first().getAttribute('title'), /fewer than 500/)
    t.match(await cells(page, 'runs').nth(5).locator('span').first().getAttribute('title'), /completed or stopped/)
    await cells(page, '499 errors').nth(5).getByRole('link').click()
    await page.waitForURL(/\/devices\?operation=[0-9a-z]{26}&outcome=errors/)
    await page.goBack()
    await cells(page, '499 updated').nth(4).getByRole('link').click()
    await page.waitForURL(/outcome=updated/)
  })

  t.test('the results are exported when the update is completed or stopped, and only then', async t => {
    const { page } = await at()
    for (const [name, actions] of [
      ['499 updated', 'Export'],
      ['499 errors', 'Export'],
      ['runs', 'Stop'],
      ['paused by a rule', 'Stop'],
      ['waits for approval', 'Stop'],
    ] as const)
      t.equal((await cells(page, name).nth(6).textContent())?.trim(), actions, name)
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export the results of 499 updated' }).click()
    const lines = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\r\n')
    t.equal(lines.length, 1 + 499 + 3)
    t.match(lines[0], /device/i)
    t.equal(lines.filter(line => line.includes('UPD4_FAIL_33')).length, 3)
  })

  t.test('the caret opens the reasons, the codes and what to do, and a new update from the failed devices', async t => {
    const { page } = await at()
    const caret = page.getByRole('button', { name: 'Failures of all reasons' })
    t.equal(await caret.getAttribute('aria-expanded'), 'false')
    await caret.click()
    t.equal(await caret.getAttribute('aria-expanded'), 'true')
    const summary = page.locator('.failures')
    t.strictSame((await summary.locator('ul li').allTextContents()).sort(), [
      '2 No sensor found',
      '3 Sensor unresponsive',
      '6 Update error',
    ])
    const codes = await summary
      .locator('tbody tr')
      .evaluateAll(rows => rows.map(each => [...each.children].map(cell => cell.textContent)))
    t.strictSame(codes.map(([count, code]) => `${count} ${code}`).sort(), [
      '1 UPD4_FAIL_23',
      '2 SYS_105',
      '3 SYS_100',
      '5 UPD4_FAIL_33',
    ])
    for (const [, code, text, action] of codes) t.ok(text && action, `${code} says what it means and what to do`)
    t.equal(await page.getByRole('button', { name: 'Failures of no errors' }).count(), 0)
    await summary.getByRole('button', { name: 'New update from failed devices' }).click()
    await page.waitForURL(/\/operations\?operation=/)
    const { data } = await rooms.call<{ data: OperationView[] }>('GET', '/v1/operations?limit=2')
    t.equal(data[0]?.origin?.kind, 'retry')
    await rooms.call('POST', `/v1/operations/${data[0]?.id}/stop`)
  })

  t.test('an update is stopped after a question with the numbers, and everybody sees it at once', async t => {
    const { page } = await at()
    const other = await at('viewer')
    t.equal(await other.page.getByRole('button', { name: /^Stop/ }).count(), 0, 'a viewer is offered nothing')
    t.equal(await other.page.getByRole('link', { name: 'New update' }).count(), 0)
    const stop = page.getByRole('button', { name: 'Stop waits for approval' })
    await stop.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Stop waits for approval?' })
    await dialog.waitFor()
    t.match(await dialog.textContent(), /40 waiting: skipped.*0 in progress.*cannot be restarted/s)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    t.equal(
      await page.locator(':focus').getAttribute('aria-label'),
      'Stop waits for approval',
      'the focus is back where it was',
    )
    await stop.click()
    await dialog.getByRole('button', { name: 'Stop the update' }).click()
    await dialog.waitFor({ state: 'detached' })
    for (const { page: each } of [{ page }, other]) {
      await row(each, 'waits for approval').getByText('Stopped').waitFor()
      await row(each, 'waits for approval')
        .getByRole('link', { name: /^Export/ })
        .waitFor()
      t.match(await cells(each, 'waits for approval').nth(5).textContent(), /40/)
    }
  })

  t.test('fifty rows a page, and the way through them stands in the address', async t => {
    const { page } = await at()
    const firstRow = () => page.getByRole('row').nth(1).textContent()
    t.equal(await page.getByRole('row').count(), 51)
    const first = await firstRow()
    await page.getByRole('link', { name: 'Next ›' }).click()
    await page.waitForURL(/after=/)
    await page.getByRole('link', { name: 'past update 070', exact: true }).waitFor()
    t.not(await firstRow(), first)
    await page.getByRole('link', { name: 'Next ›' }).click()
    await page.getByRole('link', { name: 'past update 110', exact: true }).waitFor()
    t.equal(await page.getByRole('link', { name: 'Next ›' }).count(), 0, 'the last page says so')
    await page.getByRole('link', { name: '‹ Previous' }).click()
    await page.getByRole('link', { name: 'past update 070', exact: true }).waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'past update 070', exact: true }).waitFor()
    await page.getByRole('link', { name: '« First page' }).click()
    await page.getByRole('link', { name: 'runs', exact: true }).waitFor()
    await page.goBack()
    await page.getByRole('link', { name: 'past update 070', exact: true }).waitFor()
  })

  t.test('a token that is renewed elsewhere ends what is open, and signing in again leads back', async () => {
    const { page, expect } = await at('approver')
    expect(/401/)
    const { token } = await rooms.call<{ token: string }>('POST', '/v1/principals/ada/token')
    await page.getByRole('link', { name: 'Next ›' }).click()
    await page.waitForURL(/\/sign-in\?next=/)
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(/\/devices\/updates\?after=/)
  })

  t.test('a broker that goes away is noticed, and when it is back the page goes on', async t => {
    const { page, expect } = await at()
    expect(/ERR_|50\d|401|EventSource/)
    await rooms.broker.kill()
    await page.getByText('No connection to the broker.').waitFor()
    t.ok(await row(page, 'runs').isVisible(), 'what was known stays')
    await rooms.restart()
    await page.waitForURL(/\/sign-in\?next=/)
    await signIn(page, rooms.tokens.operator, address)
    await row(page, 'runs').waitFor()
    t.equal(await page.getByText('No connection to the broker.').count(), 0)
  })
})
