// What stands under Admin as people use it: secrets that are shown once, who did what with the values before and after, and
// the chain of records, whole and broken.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import type { OperationView } from '../../../proto/http-api.ts'
import type { AuditVerification } from '../../../proto/http-console.ts'
import { notThisTime } from '../../fixtures/cases.ts'
import { cliBin } from '../../stories/process.ts'
import { accessible, noBrowser, openBrowser, signIn, visit } from './harness/browser.ts'
import { openRooms, type Person } from './harness/rooms.ts'

t.setTimeout(110_000)
const run = promisify(execFile)

t.test('administration', { skip: noBrowser || notThisTime(3) }, async t => {
  const rooms = await openRooms(t, {
    devices: 3,
    operations: [{ name: 'runs', state: 'running', at: Date.now() - 60_000, inProgress: 1, pending: 2 }],
  })
  const browser = await openBrowser(t)
  const at = async (address: string, person: Person = 'admin') => {
    const visitor = await visit(browser, rooms.origin)
    await signIn(visitor.page, rooms.tokens[person], address)
    return visitor
  }

  t.test('people: a token is shown once, and does what its role may', async t => {
    const { page, context, expect } = await at('/admin/people')
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'New principal' }).click()
    await page.getByLabel('Name of the person or service').fill('nightly')
    await page.getByRole('radio', { name: /^operator/ }).check()
    await page.getByRole('button', { name: 'Make it and show the token' }).click()
    const told = page.getByRole('dialog', { name: 'Token of nightly' })
    const token = (await told.locator('.secret-once-frame code').textContent()) ?? ''
    await told.getByRole('button', { name: 'Copy the token' }).click()
    await told.getByText('Copied the token').waitFor()
    t.equal(await page.evaluate('navigator.clipboard.readText()'), token)
    await told.getByRole('button', { name: 'I have kept it' }).click()
    const row = page.getByRole('row').filter({ hasText: 'nightly' })
    await row.getByText('operator', { exact: true }).waitFor()
    t.notOk((await page.content()).includes(token), 'it is nowhere any more')

    const other = await visit(browser, rooms.origin)
    await signIn(other.page, token, '/admin/people')
    await other.page.getByText('for those with the role admin').waitFor()

    await page.getByRole('button', { name: 'Change the role of nightly' }).click()
    await page.getByRole('radio', { name: /^viewer/ }).check()
    await page.getByRole('button', { name: 'Make nightly viewer' }).click()
    await row.getByText('viewer', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Renew the token of nightly' }).click()
    await page.getByRole('button', { name: 'Renew the token', exact: true }).click()
    t.not(await told.locator('.secret-once-frame code').textContent(), token)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Delete nightly' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete nightly' }).click()
    await row.waitFor({ state: 'detached' })

    expect(/409/)
    await page.getByRole('button', { name: 'Delete admin' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete admin' }).click()
    await page.getByRole('alert').getByText('admin is the only admin').waitFor()
    await page.keyboard.press('Escape')
    other.expect(/401/)
  })

  t.test('people: webhooks come and go, their key is shown once', async t => {
    const { page, expect } = await at('/admin/people')
    await page.getByText('Nobody is told when').waitFor()
    await page.getByRole('button', { name: 'New webhook' }).click()
    const dialog = page.getByRole('dialog')
    const url = dialog.getByLabel('Address that messages are posted to')
    expect(/400/)
    await url.fill('ftp://ops.example/')
    await dialog.getByRole('button', { name: 'Make it and show the key' }).click()
    await dialog.getByRole('alert').waitFor()
    await url.fill('https://ops.example/drover')
    await dialog.getByRole('checkbox', { name: /operation\.paused/ }).uncheck()
    await dialog.getByRole('button', { name: 'Make it and show the key' }).click()
    const key = await page
      .getByRole('dialog', { name: 'Key of the webhook' })
      .locator('.secret-once-frame code')
      .textContent()
    t.ok((key ?? '').length >= 32)
    await page.getByRole('button', { name: 'I have kept it' }).click()
    const row = page.getByRole('row').filter({ hasText: 'https://ops.example/drover' })
    t.strictSame(await row.locator('.chip').allTextContents(), [
      'operation.aborted',
      'operation.completed',
      'operation.stopped',
    ])
    await page.getByRole('button', { name: 'Delete the webhook to https://ops.example/drover' }).click()
    await page.getByRole('button', { name: 'Delete the webhook', exact: true }).click()
    await row.waitFor({ state: 'detached' })
  })

  t.test('audit log: who did what, the values before and after, the records of one operation', async t => {
    const { data } = await rooms.call<{ data: OperationView[] }>('GET', '/v1/operations?status=Running')
    const id = data.find(({ name }) => name === 'runs')?.id ?? ''
    await rooms.call('PATCH', `/v1/operations/${id}`, { concurrency: 7 })
    await rooms.call('PATCH', `/v1/operations/${id}`, { concurrency: 9 })
    const { page } = await at('/admin/audit', 'viewer')
    await page.getByText(/\d+ of \d+ records checked: the chain holds/).waitFor()
    t.equal(await page.getByRole('link', { name: 'Export the chain' }).count(), 0, 'the export is for administrators')
    const first = page.getByRole('row').nth(1)
    t.match(await first.textContent(), /adminLimits changed.*concurrency.*9/)
    await first.getByRole('link', { name: 'Limits changed' }).click()
    const drawer = page.getByRole('complementary', { name: /^Record \d+$/ })
    const changed = drawer.locator('.changes tbody tr')
    await changed.locator('td').first().getByText('7').waitFor()
    t.match(await changed.allTextContents(), [/^concurrency.*7.*9/])
    await drawer.getByRole('link', { name: 'All records of this operation' }).click()
    await page.waitForURL(`**/admin/audit?operation=${id}`)
    const rows = page.locator('.table-frame tbody tr')
    await rows.filter({ hasText: 'Webhook made' }).waitFor({ state: 'detached' })
    await rows.filter({ hasText: 'concurrency → 7' }).waitFor()
    t.equal(await rows.count(), 2)
    await page.getByLabel('Order').selectOption('ASC')
    await page.waitForURL(/order=ASC/)
    await rows.first().filter({ hasText: 'concurrency → 7' }).waitFor()
  })

  t.test('audit log: the export is what drover audit verify wants', async t => {
    const { page } = await at('/admin/audit')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Export the chain' }).click()
    const path = await (await download).path()
    const { stdout } = await run(process.execPath, [cliBin, 'audit', 'verify', path])
    t.match(stdout, String(readFileSync(path, 'utf8').trim().split('\n').length - 1))
  })

  t.test('audit log: a chain that is broken is told where, here and on the overview', async t => {
    const { page } = await at('/admin/people')
    // That the broker finds it is shown by the test of broker/reports/audit-check; nobody breaks a chain in passing.
    const broken: AuditVerification = {
      state: 'broken',
      checkedTo: 1_233,
      head: 5_678,
      checkedAt: new Date().toISOString(),
      firstBroken: 1_234,
    }
    await page.route('**/v1/audit/verification', route => route.fulfill({ json: broken }))
    await page.getByRole('link', { name: 'Audit log' }).click()
    await page.getByText('The chain is broken at record 1,234').waitFor()
    await accessible(t, page, 'Audit log, broken')
    await page.getByRole('link', { name: 'Overview' }).click()
    const item = page.locator('.attention-item', { hasText: 'Audit chain broken' })
    await item.getByRole('link', { name: 'Record 1,234 does not fit' }).click()
    await page.waitForURL('**/admin/audit')
  })
})
