// The pages Operations and New operation as people use them: the documented columns and words, what may be done with an
// operation by whom, its drawer, and the form from an empty page to a running operation.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t from 'tap'
import type { AuditView } from '../../../proto/http-admin.ts'
import type { ExecutionView, Listing, OperationView } from '../../../proto/http-api.ts'
import { notThisTime } from '../../fixtures/cases.ts'
import { accessible, noBrowser, openBrowser, signIn, visit } from './harness/browser.ts'
import { ruleData } from './harness/data.ts'
import { openRooms, type Person } from './harness/rooms.ts'

t.setTimeout(240_000)

t.test('operations', { skip: noBrowser || notThisTime(3) }, async t => {
  const rooms = await openRooms(t, ruleData())
  const browser = await openBrowser(t)
  const at = async (address: string, person: Person = 'operator') => {
    const visitor = await visit(browser, rooms.origin)
    await signIn(visitor.page, rooms.tokens[person], address)
    return visitor
  }
  const row = (page: Page, name: string) =>
    page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
  const drawer = (page: Page) => page.getByRole('complementary').filter({ has: page.getByLabel('Close') })
  const idOf = async (name: string): Promise<string> => {
    const { data } = await rooms.call<Listing<OperationView>>('GET', '/v1/operations?limit=200')
    return data.find(operation => operation.name === name)?.id ?? ''
  }
  const stateOf = async (id: string): Promise<string> =>
    (await rooms.call<OperationView>('GET', `/v1/operations/${id}`)).state
  const confirm = async (page: Page, deed: string): Promise<string> => {
    const dialog = page.getByRole('dialog')
    const text = (await dialog.textContent()) ?? ''
    await dialog.getByRole('button', { name: deed, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    return text
  }

  t.test('the seven documented columns, in the documented words', async t => {
    const { page } = await at('/operations')
    await row(page, 'runs').waitFor()
    t.strictSame(await page.getByRole('columnheader').allTextContents(), [
      'Operation',
      'Type',
      'Status',
      'Progress',
      'Initiated by',
      'Started',
      'Duration',
    ])
    const cells = async (name: string) => (await row(page, name).getByRole('cell').allTextContents()).slice(0, 5)
    t.match(await cells('runs'), [/^runsmain@/, /^Firmware Update$/, /Running$/, /25 of 135/, /^admin$/])
    t.match(await cells('paused by a rule'), [/./, /./, /Runningpaused by a rule$/, /36 of 100/, /./])
    t.match(await cells('waits for approval'), [/./, /./, /Pendingawaits approval$/, /0 of 40/, /./])
    t.match(await cells('499 updated'), [/./, /./, /Failed$/, /502 of 502/, /./])
    t.match(await cells('499 errors'), [/./, /./, /Cancelled$/, /509 of 509/, /./])
    t.match(await cells('no errors'), [/./, /./, /Completed$/, /20 of 20/, /./])
    t.match(await cells('nightly backup'), [/config-backup$/, /^Backup$/, /Failed$/, /6 of 6/, /^nightly$/])
    const duration = () => row(page, 'runs').getByRole('cell').nth(6).textContent()
    t.match(await row(page, 'no errors').getByRole('cell').nth(6).textContent(), /^9 min 58 s$/)
    t.match(await duration(), /^2 h 0\d min$/, 'of one that runs it is counted up to now')
  })

  t.test('type, status and person are filtered by the broker and stand in the address', async t => {
    const { page } = await at('/operations')
    await row(page, 'runs').waitFor()
    await page.getByLabel('Type').selectOption({ label: 'Reboot' })
    await row(page, 'runs').waitFor({ state: 'detached' })
    await row(page, 'reboot of a hall').waitFor()
    t.match(page.url(), /type=reboot/)
    t.equal(await page.getByRole('row').count(), 2)
    await page.getByLabel('Type').selectOption('')
    await page.getByLabel('Status').selectOption('Cancelled')
    await row(page, 'reboot of a hall').waitFor({ state: 'detached' })
    await row(page, '499 errors').waitFor()
    t.equal(await page.getByRole('row').count(), 2)
    await page.getByLabel('Status').selectOption('')
    await page.getByLabel('Initiated by').fill('nightly')
    await rooms.call('POST', `/v1/operations/${await idOf('runs')}/pause`)
    await row(page, 'runs').getByText('paused', { exact: true }).waitFor()
    await rooms.call('POST', `/v1/operations/${await idOf('runs')}/resume`)
    await page.getByLabel('Initiated by').press('Enter')
    await row(page, '499 errors').waitFor({ state: 'detached' })
    await row(page, 'nightly backup').waitFor()
    t.match(page.url(), /createdBy=nightly/)
    await page.reload()
    await row(page, 'nightly backup').waitFor()
    t.equal(await page.getByLabel('Initiated by').inputValue(), 'nightly', 'a link shows a colleague the same')
    await page.getByLabel('Initiated by').fill('nobody')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Show all operations' }).click()
    await row(page, 'runs').waitFor()
    await page.getByRole('link', { name: 'Next ›' }).click()
    await row(page, 'runs').waitFor({ state: 'detached' })
    await page.getByRole('row').nth(50).waitFor()
    t.equal(await page.getByRole('row').count(), 51, 'fifty a page')
  })

  t.test('an operation opens beside the list and tells all of itself', async t => {
    const { page } = await at('/operations?status=Failed', 'viewer')
    await row(page, 'all reasons').getByRole('link').click()
    const pane = drawer(page)
    await pane.getByRole('heading', { name: 'all reasons' }).waitFor()
    await pane.getByRole('row').nth(15).waitFor()
    t.equal(await pane.getByRole('button', { name: /Stop|Retry|Pause/ }).count(), 0, 'a viewer only looks')
    const states = await pane.getByRole('navigation', { name: 'Devices by state' }).getByRole('link').allTextContents()
    t.strictSame(states, ['All 15', 'Pending 0', 'In Progress 0', 'Completed 4', 'Failed 11', 'Skipped 0'])
    await pane.getByRole('link', { name: 'Failed 11' }).click()
    await pane.getByRole('row').nth(12).waitFor({ state: 'detached' })
    t.equal(await pane.getByRole('row').count(), 12)
    await pane
      .getByRole('button', { name: /^More about/ })
      .last()
      .click()
    await pane.getByText(/ended failed with/).waitFor()
    t.match(page.url(), /device=sensor-/, 'the open device stands in the address')
    await pane.getByRole('link', { name: 'Rules' }).click()
    await pane.getByText('At most 4 devices in progress at once.').waitFor()
    const rules = (await pane.locator('.rules dt').allTextContents()).join()
    t.equal(
      rules,
      'Concurrency and rate,Waves,Abort rules,Retries,Schedule and windows,Approval,Delivery,Timeouts,Prerequisites,Log on failure',
    )
    await pane.getByRole('link', { name: 'Live' }).click()
    await pane.getByText('nothing flows any more').waitFor()
    await pane.getByRole('link', { name: 'Failures' }).click()
    await pane.getByText('Sensor unresponsive').waitFor()
    await pane.getByRole('link', { name: 'Timeline' }).click()
    await pane.getByText('Started: the first device got it').waitFor()
    await page.keyboard.press('Escape')
    await pane.waitFor({ state: 'detached' })
    t.notMatch(page.url(), /operation=|tab=/)
    t.equal(await page.evaluate('document.activeElement.textContent'), 'all reasons', 'the focus is back on the link')
  })

  t.test('pause and resume, seen by everybody without a reload', async t => {
    const id = await idOf('runs')
    const watching = await at('/operations?status=Running', 'viewer')
    const { page } = await at(`/operations?operation=${id}`)
    await page.getByRole('button', { name: 'Pause' }).click()
    const asked = await confirm(page, 'Pause')
    t.match(asked, /100 waiting/)
    t.match(asked, /10 in progress/)
    await watching.page.getByText('Runningpaused').or(row(watching.page, 'runs').getByText('paused')).first().waitFor()
    t.equal(await stateOf(id), 'paused')
    await page.getByRole('link', { name: 'Timeline' }).click()
    await page.locator('.timeline').getByText('Paused by otto').waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    t.match(await confirm(page, 'Resume'), /100 waiting/)
    await page.locator('.timeline').getByText('Resumed by otto').waitFor()
    t.equal(await stateOf(id), 'running')
  })

  t.test('limits are changed while it runs, and only those', async t => {
    const id = await idOf('runs')
    const { page } = await at(`/operations?operation=${id}&tab=rules`)
    await page.getByRole('button', { name: 'Change limits' }).click()
    const dialog = page.getByRole('dialog')
    t.equal(await dialog.getByRole('button', { name: 'Change', exact: true }).isDisabled(), true, 'nothing to change')
    await dialog.getByLabel('Most devices in progress').fill('0')
    await dialog.getByText('expected a whole number from 1').waitFor()
    await dialog.getByLabel('Most devices in progress').fill('12')
    await dialog.getByLabel('Most hand-overs a minute').fill('90')
    await dialog.getByRole('button', { name: 'Change', exact: true }).click()
    await page.getByText('At most 12 devices in progress at once.').waitFor()
    await page.getByText('At most 90 hand-overs a minute.').waitFor()
    const { policy } = await rooms.call<OperationView>('GET', `/v1/operations/${id}`)
    t.match(policy, { concurrency: 12, rate: { maximumPerMinute: 90 }, delivery: { transport: 'auto' } })
  })

  t.test('somebody else lifts the rate in an emergency, and says why', async t => {
    const id = await idOf('runs')
    const { page } = await at(`/operations?operation=${id}`, 'approver')
    await page.getByRole('button', { name: 'Lift windows and rate' }).click()
    const dialog = page.getByRole('dialog')
    t.equal(await dialog.getByRole('button', { name: 'Lift them' }).isDisabled(), true, 'not without a reason')
    await dialog.getByLabel('Reason').fill('a hole that is being used')
    await dialog.getByRole('button', { name: 'Lift them' }).click()
    await page.getByText('a hole that is being used').first().waitFor()
    const { override } = await rooms.call<OperationView>('GET', `/v1/operations/${id}`)
    t.match(override, { by: 'ada', reason: 'a hole that is being used' })
    t.equal(await page.getByRole('button', { name: 'Lift windows and rate' }).count(), 0, 'once is enough')
  })

  t.test('a device says what holds it back, and is taken out', async t => {
    const id = await idOf('runs')
    const { page } = await at(`/operations?operation=${id}&state=pending`)
    const more = page.getByRole('button', { name: /^More about/ }).first()
    const device = ((await more.getAttribute('aria-label')) ?? '').replace('More about ', '')
    await more.click()
    await page.getByText('not connected').first().waitFor()
    await page.getByRole('button', { name: 'Take out of this operation' }).click()
    t.match(await confirm(page, 'Take it out'), /134 devices go on/)
    const { code } = await rooms.call<ExecutionView>('GET', `/v1/operations/${id}/executions/${device}`)
    t.equal(code, 'SYS_109')
    await page.getByRole('link', { name: 'Skipped 1' }).waitFor()
  })

  t.test('stop names the counts, and afterwards there is an export', async t => {
    const id = await idOf('paused by a rule')
    const { page } = await at(`/operations?operation=${id}`)
    await page.getByRole('button', { name: 'Stop' }).click()
    t.match(await confirm(page, 'Stop the update'), /64 waiting/)
    await page.getByRole('link', { name: 'Export' }).waitFor()
    t.equal(await stateOf(id), 'stopped')
    await drawer(page).getByText('Cancelled').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export' }).click(),
    ])
    t.equal(download.suggestedFilename(), `${id}.csv`)
  })

  t.test('an approval is for another person with the role, a refusal touches nobody', async t => {
    const id = await idOf('waits for approval')
    const operator = await at(`/operations?operation=${id}`)
    await operator.page.getByRole('button', { name: 'Stop' }).waitFor()
    t.equal(await operator.page.getByRole('button', { name: 'Approve' }).count(), 0, 'an operator may not')
    const owner = await at(`/operations?operation=${id}`, 'admin')
    await owner.page.getByRole('button', { name: 'Refuse' }).waitFor()
    t.equal(await owner.page.getByRole('button', { name: 'Approve' }).count(), 0, 'nor may who made it')
    const { page } = await at(`/operations?operation=${id}`, 'approver')
    await page.getByRole('button', { name: 'Refuse' }).waitFor()
    await page.getByRole('button', { name: 'Approve' }).click()
    t.match(await confirm(page, 'Approve'), /admin asked for it. It goes to 40 devices/)
    await page.getByText('ada', { exact: true }).first().waitFor()
    t.not(await stateOf(id), 'awaiting-approval')
  })

  t.test('what failed is tried again in a new operation', async t => {
    const { page } = await at(`/operations?operation=${await idOf('all reasons')}`)
    await page.getByRole('button', { name: 'Retry failed' }).click()
    t.match(await confirm(page, 'Make a new operation'), /11 devices with errors/)
    await page.getByRole('heading', { name: 'retry all reasons' }).waitFor()
    await page.getByRole('link', { name: /^retry of/ }).click()
    await page.getByRole('heading', { name: 'all reasons', exact: true }).waitFor()
  })

  t.test('the form counts whom it touches, says who is skipped and why, and starts what was reviewed', async t => {
    const { page, expect } = await at('/operations/new')
    expect(/400/)
    const plan = page.getByRole('complementary', { name: 'Whom it would touch' })
    const release = page.getByLabel('Release', { exact: true })
    // The only one there is.
    await page.waitForURL(/release=main/)
    t.match(await release.inputValue(), /^main@2\.0\.0/)
    await release.selectOption({ index: 0 })
    await plan.getByText('1,100').waitFor()
    await page.getByRole('button', { name: 'Review and start' }).click()
    await page.locator('.missing', { hasText: 'choose a release' }).waitFor()
    await release.selectOption({ index: 1 })
    await plan.getByText(/1,09\d wait$/).waitFor()
    await plan.getByText('quarantined: failed too often of late').waitFor()
    t.match(page.url(), /release=main/, 'the choice stands in the address')
    await page.getByLabel('A filter').check()
    await page.getByLabel('Filter', { exact: true }).fill('colour=red')
    await page.locator('.field-problem', { hasText: 'colour' }).first().waitFor()
    await page.getByLabel('Filter', { exact: true }).fill('group=hall-3')
    await plan.getByText('22', { exact: true }).waitFor()
    await page.getByText('Waves', { exact: true }).click()
    await page.getByRole('button', { name: /^Careful/ }).click()
    await page.getByText('Approval', { exact: true }).click()
    await page.getByLabel('Wait for an approval').check()
    await page.getByLabel('Name', { exact: true }).fill('Hall three')
    const line = await page.locator('.equal pre').first().textContent()
    t.match(line, /^drover operation create \\\n {2}--release main@2\.0\.0\+\w+ \\\n {2}--name 'Hall three' \\\n/)
    t.match(line, /--filter group=hall-3 \\\n {2}--waves 1%,10%:soak=30,100% \\\n {2}--approval$/)
    const payload = JSON.parse((await page.locator('.equal pre').nth(2).textContent()) ?? '')
    t.match(payload, { type: 'firmware-update', targets: { filter: 'group=hall-3' }, policy: { approval: true } })
    await page.getByRole('button', { name: 'Review and start' }).click()
    const asked = await confirm(page, 'Ask for approval')
    t.match(asked, /Meant are 22 devices/)
    t.match(asked, /In 3 waves/)
    await page.getByRole('heading', { name: 'Hall three' }).waitFor()
    await page.getByText('Hall three was made').waitFor()
    const made = await rooms.call<OperationView>('GET', `/v1/operations/${await idOf('Hall three')}`)
    t.match(made, { state: 'awaiting-approval', createdBy: 'otto', policy: { approval: true } })
    t.equal(made.policy.waves.length, 3)
    const { data } = await rooms.call<Listing<AuditView>>('GET', `/v1/audit?operation=${made.id}&order=ASC`)
    t.match(data[0], { action: 'operation.create', actor: 'otto' })
  })

  t.test('a file of devices is counted, imported and followed', async t => {
    const { page } = await at('/operations/new?release=main%402.0.0')
    const plan = page.getByRole('complementary', { name: 'Whom it would touch' })
    await page.getByLabel('A CSV file').check()
    await plan.getByText('Say which devices are meant.').waitFor()
    const path = join(rooms.folder, 'two devices.csv')
    writeFileSync(path, 'floor,device_id\n1,sensor-0000001\n2,nobody\n')
    await page.getByLabel('File', { exact: true }).setInputFiles(path)
    await plan.getByText('not registered').waitFor()
    t.match(await page.locator('.equal pre').first().textContent(), /--from-csv 'two devices.csv'$/)
    await page.getByLabel('Name', { exact: true }).fill('From a file')
    await page.getByRole('button', { name: 'Review and start' }).click()
    t.match(await confirm(page, 'Start'), /Meant are 2 devices/)
    await page.getByRole('heading', { name: 'From a file' }).waitFor()
    await page.getByRole('link', { name: 'All 2' }).waitFor()
  })

  t.test('a command is shown with its key and not sent from here; a viewer starts nothing', async t => {
    const { page } = await at('/operations/new?type=command')
    await page.getByLabel('Command', { exact: true }).last().fill('blink')
    await page.getByLabel('Arguments').fill('{"times": 3}')
    await page.getByText('--key release.pem').waitFor()
    t.equal(await page.getByRole('button', { name: 'Review and start' }).count(), 0)
    await page.getByText('1,100').waitFor()
    const viewer = await at('/operations/new?type=reboot', 'viewer')
    viewer.expect(/409/)
    await viewer.page.getByText('this broker holds no operations key').first().waitFor()
    await viewer.page.getByText('starting it needs the role operator').waitFor()
    t.equal(await viewer.page.getByRole('button', { name: 'Review and start' }).count(), 0)
  })

  t.test('every group of rules is usable and without barriers, wide and narrow', async t => {
    const visitor = await visit(browser, rooms.origin, { width: 760 })
    const { page } = visitor
    await signIn(page, rooms.tokens.operator, '/operations/new?release=main%402.0.0')
    await page.getByText('quarantined').waitFor()
    for (const summary of await page.locator('.group > summary').all()) await summary.click()
    await page.getByRole('button', { name: 'Change the rules' }).first().click()
    await page.getByRole('button', { name: 'Change the rules' }).click()
    for (const what of ['wave', 'maintenance window', 'prerequisite'])
      await page.getByRole('button', { name: `Add a ${what}` }).click()
    await page.getByLabel('Begin slowly').check()
    await accessible(t, page, 'all groups')
    const wide = await page.evaluate('document.documentElement.scrollWidth <= innerWidth')
    t.ok(wide, 'nothing hangs over the edge')
    await page.getByRole('button', { name: 'Take away prerequisite 1' }).click()
    t.equal(await page.getByLabel('Least version').count(), 0)
    await page.getByRole('button', { name: 'Back to the default rules' }).first().click()
    await page.getByRole('button', { name: 'Change the rules' }).waitFor()
  })
})
