// The pages Devices and Device events as people use them: finding devices, what one of them has been through, what may be
// done with it by whom, and the log of all of them.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import t from 'tap'
import type { DeviceView, EnrollAnswer, Listing, OperationView } from '../../../proto/http-api.ts'
import { notThisTime } from '../../fixtures/cases.ts'
import { LightDevice } from '../../stories/light-device.ts'
import { backupText, fillPast, gone, quarantined, subject, waiting } from './device-past.ts'
import { noBrowser, openBrowser, signIn, visit } from './harness/browser.ts'
import { fillData } from './harness/data.ts'
import { openRoomsIn, type Person } from './harness/rooms.ts'

const hour = 3_600_000
t.setTimeout(600_000)

t.test('devices and their events', { skip: noBrowser || notThisTime(3) }, async t => {
  const folder = t.testdir()
  const now = Date.now()
  await fillData(folder, {
    devices: 120,
    events: 130,
    operations: [
      { name: 'mixed', state: 'completed', at: now - 2 * hour, ended: { SYS_112: 4, SYS_100: 2, UPD4_FAIL_23: 1 } },
    ],
  })
  await fillPast(folder, now)
  const rooms = await openRoomsIn(folder)
  t.teardown(() => rooms.broker.kill())
  const browser = await openBrowser(t)
  const at = async (address: string, person: Person = 'operator') => {
    const visitor = await visit(browser, rooms.origin)
    // Beside other work a page may take its time.
    visitor.page.setDefaultTimeout(40_000)
    await signIn(visitor.page, rooms.tokens[person], address)
    return visitor
  }
  const rows = (page: Page) => page.locator('main > .table-frame tbody > tr, .event-rows tbody > tr')
  const listed = (page: Page) => page.locator('main tbody .device-id').allTextContents()
  /** Exactly so many rows with a device. */
  const waitFor = async (page: Page, count: number) => {
    const ids = page.locator('main tbody .device-id')
    await ids.nth(count - 1).waitFor()
    await ids.nth(count).waitFor({ state: 'detached' })
  }
  const times = (page: Page) =>
    page.locator('main tbody time').evaluateAll(all => all.map(each => each.getAttribute('datetime') ?? ''))
  const drawer = (page: Page) => page.locator('aside.drawer')
  const idOf = async (name: string) => {
    const { data } = await rooms.call<Listing<OperationView>>('GET', '/v1/operations')
    return data.find(operation => operation.name === name)?.id ?? ''
  }
  const enroll = (device: string) => rooms.call<EnrollAnswer>('POST', '/v1/devices/enroll', { device })
  const device = (id: string) => rooms.call<DeviceView>('GET', `/v1/devices/${id}`)

  t.test('fifty devices a page, and the way there and back', async t => {
    const { page } = await at('/devices')
    await waitFor(page, 50)
    t.strictSame(await page.locator('main .table-frame thead th').allTextContents(), [
      ...['Device', 'Presence', 'Group', 'Tags', 'Components', 'Last hello'],
    ])
    t.match(
      await rows(page).first().textContent(),
      /sensor-0000000.*Offline.*hall-0.*pilot.*outdoor.*main 2\.0\.0.*radio 0\.9\.1/,
    )
    await page.getByRole('link', { name: 'Next' }).click()
    await page.waitForURL(/after=sensor-0000049/)
    await page.getByRole('link', { name: 'sensor-0000050' }).waitFor()
    await page.getByRole('link', { name: 'Previous' }).click()
    await page.getByRole('link', { name: 'sensor-0000000' }).waitFor()
    await page.getByRole('navigation', { name: 'Devices by state' }).getByText('All 120').waitFor()
  })

  t.test('a part of an id finds it, and the address keeps the search', async t => {
    const { page } = await at('/devices')
    await page.getByLabel('Search').fill('00011')
    await waitFor(page, 11)
    await page.waitForURL(/q=00011/)
    await page.reload()
    await waitFor(page, 11)
    t.equal(await page.getByLabel('Search').inputValue(), '00011')
    await page.getByLabel('Search').fill('no such thing')
    await page.getByText('No device is like that.').waitFor()
  })

  t.test('a filter in the language of the broker: chips, help, and its words when it is wrong', async t => {
    const { page, expect } = await at('/devices?filter=group%3Dhall-1%26version__gte%3D1.4.0')
    await waitFor(page, 3)
    t.strictSame(await listed(page), ['sensor-0000001', 'sensor-0000051', 'sensor-0000101'])
    await page.getByRole('button', { name: 'Take away group=hall-1' }).click()
    await waitFor(page, 50)
    t.equal(await page.getByLabel('Filter').inputValue(), 'version__gte=1.4.0')
    expect(/400/)
    await page.getByLabel('Filter').fill('version__lte=x')
    await page.getByLabel('Filter').press('Enter')
    t.match(await page.getByRole('alert').textContent(), /^version__lte must be a version like 1\.4\.0/)
    t.equal(await page.getByLabel('Filter').getAttribute('aria-invalid'), 'true')
    await page.getByText('How to filter').click()
    await page.getByRole('button', { name: 'tag__in=canary,beta' }).click()
    await page.getByText('No device is like that.').waitFor()
    t.equal(await page.getByRole('alert').count(), 0)
    t.match(page.url(), /filter=tag__in%3Dcanary%2Cbeta/)
  })

  t.test('states are one click, and who is enrolled only is found too', async t => {
    const { page } = await at('/devices')
    await page.getByRole('link', { name: /^Quarantined/ }).click()
    await waitFor(page, 1)
    t.strictSame(await listed(page), [quarantined])
    t.equal(await page.getByLabel('Filter').inputValue(), 'state=quarantined')
    await page.getByRole('link', { name: /^Online/ }).click()
    await page.getByText('No device is like that.').first().waitFor()
    await page.getByRole('link', { name: 'Enrolled only' }).first().click()
    await page.getByRole('link', { name: waiting }).waitFor()
    t.equal((await listed(page)).includes(gone), false, 'not who was deregistered')
  })

  t.test('the devices of an operation by outcome, also those that are gone', async t => {
    const { page, expect } = await at(`/devices?operation=${await idOf('mixed')}&outcome=errors`)
    await waitFor(page, 3)
    t.match(await page.locator('.outcome').textContent(), /Errors in mixed.*3 of \d+ devices ended with an error/)
    t.match(await rows(page).first().textContent(), /sensor-0000004.*Offline.*Sensor unresponsive.*SYS_100.*What to do/)
    await page.getByRole('link', { name: 'Show the 4 updated' }).click()
    await waitFor(page, 4)
    t.match(await rows(page).first().textContent(), /1\.0\.0 → 2\.0\.0.*SYS_112/)
    await page.getByRole('link', { name: 'Back to all devices' }).click()
    await waitFor(page, 50)
    t.equal(new URL(page.url()).search, '')
    expect(/404/)
    await page.goto(`/devices?operation=${await idOf('lost one')}&outcome=errors`)
    await page.getByText('Deregistered').waitFor()
    await page.getByRole('link', { name: gone }).click()
    await drawer(page).getByText('Device deregistered.').waitFor()
    t.match(await drawer(page).textContent(), /Not registered/)
  })

  t.test('details open on the event log, tell what to do, and close by Escape', async t => {
    const { page } = await at(`/devices?q=${subject}`)
    await page.getByRole('link', { name: subject }).click()
    const log = drawer(page)
    await log.getByText('UPD4_FAIL_24').waitFor()
    t.equal(await log.locator('.tabs [aria-current]').textContent(), 'Event log')
    const first = log.locator('tbody tr').first()
    await first.getByText("What to do: Check the device's connectivity.").waitFor()
    t.match(await first.textContent(), /FAIL.*FAIL_NETWORK.*Connection lost during download.*in-progress → failed/)
    await log.getByRole('button', { name: /^Data of UPD4_FAIL_24/ }).click()
    t.match(await log.locator('.event-facts').textContent(), /reasonthe line went down.*chunk17/)
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
    // The focus is back, if not at once.
    await page.waitForFunction(`document.activeElement.textContent === ${JSON.stringify(subject)}`)
    t.equal(new URL(page.url()).search, `?q=${subject}`)
  })

  t.test('the configuration: newest backup, history, changes in words, secrets masked', async t => {
    const { page } = await at(`/devices?q=${subject}&device=${subject}&tab=configuration`)
    const tab = drawer(page)
    await tab.getByText('new name server').waitFor()
    const change = tab.locator('.history-entry').filter({ hasText: 'new name server' })
    t.strictSame(
      (await change.locator('.diff li').allTextContents()).map(text => text.replace(/\s+/g, ' ')),
      [
        '~network › dns › 0 changed to "10.0.0.1"',
        '+network › wifi added { "ssid": "hall 7", "password": "***" }',
        '−legacy/mode removed ',
      ],
    )
    t.match(await change.textContent(), /more changes than the device could report/)
    t.match(
      await tab.locator('.history-entry').filter({ hasText: 'louder alarms' }).textContent(),
      /Failed.*alarm\.level/,
    )
    const download = page.waitForEvent('download')
    await tab.locator('.newest-backup').getByRole('link').click()
    t.equal(readFileSync(await (await download).path(), 'utf8'), backupText)
  })

  t.test('its operations say how they ended, and why one has not', async t => {
    const { page } = await at(`/devices?q=${subject}&device=${subject}&tab=operations`)
    const tab = drawer(page)
    await tab.getByRole('button', { name: 'Explain waits for its turn' }).click()
    await tab.getByText('not connected').waitFor()
    t.match(await tab.locator('tr').filter({ hasText: 'louder alarms' }).textContent(), /Failed.*UPD4_FAIL_37/)
    await page.goto(`/devices?device=${waiting}&tab=operations`)
    await drawer(page).getByText('It was never a target of an operation.').waitFor()
  })

  t.test('group, tags and attributes are edited; only what was changed is sent', async t => {
    const id = 'sensor-0000010'
    const { page, expect } = await at(`/devices?q=${id}&device=${id}&tab=overview`)
    await page.getByRole('button', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog')
    t.equal(await dialog.getByRole('button', { name: 'Save' }).isEnabled(), false, 'nothing was changed')
    await dialog.getByLabel('Group').fill('berlin')
    await dialog.getByLabel('Tags').fill('outdoor, canary')
    await dialog.getByRole('button', { name: 'Take away floor' }).click()
    await dialog.getByRole('button', { name: 'Add an attribute' }).click()
    await dialog.getByLabel('Name of the attribute').fill('site')
    await dialog.getByLabel('Value of site').fill('north gate')
    await rooms.call('PATCH', `/v1/devices/${id}`, { tags: { add: ['from-elsewhere'] } })
    await dialog.getByLabel('Value of site').press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await drawer(page).getByText('north gate').waitFor()
    const { group, tags, attributes } = await device(id)
    t.strictSame(
      { group, tags, attributes },
      {
        ...{ group: 'berlin', attributes: { site: 'north gate' } },
        tags: ['canary', 'from-elsewhere', 'outdoor'],
      },
    )
    await page.getByRole('button', { name: 'Edit' }).click()
    await dialog.getByLabel('Group').fill('not a name')
    expect(/400/)
    await dialog.getByRole('button', { name: 'Save' }).click()
    t.match(await dialog.getByRole('alert').textContent(), /group must match/)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    t.equal((await device(id)).group, 'berlin')
  })

  t.test('a device is enrolled, its password shown once, and it appears online by itself', async t => {
    const id = 'a-new-pump'
    const { page, expect } = await at(`/devices?q=${id}`)
    await page.getByRole('button', { name: 'Enroll a device' }).click()
    const dialog = page.getByRole('dialog')
    expect(/40[09]/)
    await dialog.getByLabel('Device id').fill(waiting)
    await dialog.getByLabel('Device id').press('Enter')
    t.match(await dialog.getByRole('alert').textContent(), /has credentials already/)
    await dialog.getByLabel('Device id').fill(id)
    await dialog.getByRole('button', { name: 'Issue its password' }).click()
    const secret = await dialog.getByLabel('MQTT password', { exact: true }).inputValue()
    t.match(await dialog.textContent(), /shown this once/)
    await dialog.getByRole('button', { name: 'I have taken it along' }).click()
    await drawer(page).getByText('has not said hello yet').waitFor()
    t.equal(await page.getByText(secret).count(), 0, 'and it is gone')
    const pump = new LightDevice({
      ...{ id, secret, mqttPort: rooms.broker.mqttPort, stepMs: 20 },
      target: { version: '2.0.0', digest: '1a'.repeat(32) },
    })
    pump.start()
    try {
      await drawer(page).locator('header').getByText('Online').waitFor()
      await page.locator('main tbody tr').filter({ hasText: id }).getByText('Online').waitFor()
    } finally {
      await pump.stop()
    }
    await drawer(page).locator('header').getByText('Offline').waitFor()
  })

  t.test('quarantine ends by a person who was told what that means', async t => {
    const { page } = await at(`/devices?q=${quarantined}&device=${quarantined}`)
    await page.getByRole('button', { name: 'Release from quarantine' }).click()
    const dialog = page.getByRole('dialog')
    t.match(await dialog.textContent(), /1 device takes part again/)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    t.not((await device(quarantined)).quarantinedAt, null, 'nothing was done')
    await page.getByRole('button', { name: 'Release from quarantine' }).click()
    await dialog.getByRole('button', { name: 'Release from quarantine' }).click()
    await drawer(page).locator('header').getByText('Quarantined').waitFor({ state: 'detached' })
    t.equal((await device(quarantined)).quarantinedAt, null)
  })

  t.test('password, token, certificates and the end of a device, as the role allows', async t => {
    const id = 'short-lived'
    const { secret: first } = await enroll(id)
    const { page, expect } = await at(`/devices?q=${id}&device=${id}&tab=overview`, 'admin')
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'New password' }).click()
    await dialog.getByRole('button', { name: 'Issue a new password' }).click()
    const second = await dialog.getByLabel('MQTT password', { exact: true }).inputValue()
    t.ok(second.length > 20 && second !== first)
    await dialog.getByRole('button', { name: 'I have taken it along' }).click()
    expect(/409|404/)
    await page.getByRole('button', { name: 'Token for a certificate' }).click()
    await dialog.getByRole('button', { name: 'Issue a token' }).click()
    t.match(await dialog.getByRole('alert').textContent(), /this broker signs no certificates/)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    t.equal(await drawer(page).count(), 1, 'Escape closes the dialog alone')
    await page.getByRole('button', { name: 'Revoke certificates' }).click()
    await dialog.getByRole('button', { name: 'Revoke its certificates' }).click()
    await page.getByText(`The certificates of ${id} are revoked.`).waitFor()
    await page.getByRole('button', { name: 'Deregister' }).click()
    const deed = dialog.getByRole('button', { name: 'Deregister' })
    t.equal(await deed.isEnabled(), false)
    await dialog.getByRole('textbox').fill('short')
    t.equal(await deed.isEnabled(), false, 'not before the whole id is there')
    await dialog.getByRole('textbox').fill(id)
    await deed.click()
    await drawer(page).locator('header').getByText('Not registered').waitFor()
    await t.rejects(device(id), /404/)
  })

  t.test('a viewer sees everything and is offered nothing; an operator gets his forms filled in', async t => {
    const { page } = await at(`/devices?q=${quarantined}&device=${quarantined}&tab=overview`, 'viewer')
    await drawer(page).getByText('Place in the fleet').waitFor()
    const names = await page.locator(':is(.page-head, .drawer) :is(button, .button)').allTextContents()
    t.strictSame(names, ['✕', 'Copy', 'Copy'])
    await page.goto(`/devices?q=${subject}&device=${subject}&tab=configuration`)
    await drawer(page).getByText('weekly backup').waitFor()
    t.equal(
      await drawer(page)
        .getByRole('link', { name: /Download/ })
        .count(),
      0,
    )
    const { page: other } = await at(`/devices?q=${subject}&device=${subject}`)
    for (const [text, type] of [
      ['Reboot', 'reboot'],
      ['Back up configuration', 'config-backup'],
      ['Change configuration', 'config-change'],
    ] as const)
      t.equal(
        await drawer(other).getByRole('link', { name: text }).getAttribute('href'),
        `/operations/new?type=${type}&devices=${subject}`,
      )
  })

  t.test('the past month of all devices, newest first, with what to do about failures', async t => {
    const { page } = await at('/events')
    await waitFor(page, 50)
    t.strictSame(await page.locator('main .table-frame thead th').allTextContents(), [
      ...['Time', 'Device', 'Message type', 'Code', 'Message', 'Operation', 'State change'],
    ])
    const newest = await times(page)
    t.strictSame(newest, [...newest].sort().reverse())
    await page.getByText('What to do:').first().waitFor()
    await page.getByLabel('Message type').selectOption('FAIL')
    await page.waitForURL(/filter=event_type_description%3DFAIL/)
    await page.locator('main tbody .status', { hasNotText: 'FAIL' }).first().waitFor({ state: 'detached' })
    t.ok((await page.locator('main tbody .status').count()) > 5)
    await page.getByLabel('Code').selectOption('UPD4_FAIL_24')
    await waitFor(page, 1)
    t.equal(await page.getByLabel('Filter').inputValue(), 'event_type_description=FAIL&event_type=UPD4_FAIL_24')
    await page.getByRole('link', { name: subject }).click()
    await page.waitForURL(`**/devices?device=${subject}`)
    await page.goBack()
    await page.getByRole('button', { name: 'Clear all' }).click()
    await waitFor(page, 50)
    await page.getByLabel('Order').selectOption('Oldest first')
    await page.waitForURL(/order=ASC/)
    await rows(page).first().getByText('sensor-0000000').waitFor()
    const oldest = await times(page)
    t.strictSame(oldest, [...oldest].sort())
  })

  t.test('a link to events with a filter shows those; a filter that is wrong is told at the field', async t => {
    const { page, expect } = await at(`/events?filter=${encodeURIComponent(`device_id=${gone}`)}&span=1h`)
    await waitFor(page, 2)
    t.strictSame(await page.locator('.event-code').allTextContents(), ['SYS_105', 'SYS_107'])
    expect(/400/)
    await page.getByLabel('Filter').fill('event_type=NO_SUCH_CODE')
    await page.getByLabel('Filter').press('Enter')
    t.match(await page.getByRole('alert').textContent(), /^event_type must be a code of the catalogue/)
    await page.getByLabel('Filter').fill('date_time__gte=2026-01-01T00:00:00Z&event_type=SYS_105')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.locator('.event-code').first().waitFor()
    t.equal(await page.getByLabel('Time', { exact: true }).inputValue(), 'filter', 'the filter has a time of its own')
  })

  t.test('new events come by themselves, and wait while somebody reads one', async t => {
    const { page } = await at('/events?filter=event_type%3DSYS_107')
    await rows(page).first().waitFor()
    await enroll('late-1')
    await page.getByRole('link', { name: 'late-1' }).waitFor()
    await page.getByRole('button', { name: /of late-1$/ }).click()
    await enroll('late-2')
    await enroll('late-3')
    await page.getByRole('button', { name: '2 new events: show' }).waitFor()
    t.equal(await page.getByRole('link', { name: 'late-2' }).count(), 0, 'the rows stay where they are')
    await page.getByRole('button', { name: '2 new events: show' }).click()
    t.strictSame((await listed(page)).slice(0, 3), ['late-3', 'late-2', 'late-1'])
  })
})
