// Overview and Artifacts as people use them: from an empty broker to the first update, a fleet that needs attention, bundles
// that are taken and refused, and what their updates saved.
import { execFile } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import t from 'tap'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import type { OperationView } from '../../../proto/http-api.ts'
import type { FailureHistory, FleetView } from '../../../proto/http-console.ts'
import { makeBundle } from '../../fixtures/bundle.ts'
import { notThisTime } from '../../fixtures/cases.ts'
import { cliBin, untilValue } from '../../stories/process.ts'
import { noBrowser, openBrowser, signIn, visit } from './harness/browser.ts'
import { type DataWishes, fillData } from './harness/data.ts'
import { bundle } from './harness/records.ts'
import { openRooms, openRoomsIn, type Person } from './harness/rooms.ts'

t.setTimeout(110_000)
const run = promisify(execFile)
const hour = 3_600_000

function data(now = Date.now()): DataWishes {
  return {
    devices: 40,
    events: 120,
    operations: [
      { name: 'waits for approval', state: 'awaiting-approval', at: now - hour / 12, pending: 5 },
      { name: 'paused by a rule', state: 'paused', at: now - hour, ended: { UPD4_FAIL_33: 6 }, pending: 4 },
      {
        name: 'goes wrong',
        state: 'running',
        at: now - 2 * hour,
        ended: { SYS_112: 20, UPD4_FAIL_33: 5 },
        inProgress: 3,
        pending: 7,
      },
      { name: 'ended badly', state: 'completed', at: now - 3 * hour, ended: { SYS_112: 9, UPD4_FAIL_23: 2 } },
      { name: 'ended well', state: 'completed', at: now - 4 * hour, ended: { SYS_112: 4 } },
      { name: 'old errors', state: 'completed', at: now - 60 * hour, ended: { UPD4_FAIL_23: 2 } },
    ],
  }
}

/** What 4 devices that ended well said of their downloads, in MiB: 8 asked for, 2 sent. */
async function addTransfer(folder: string): Promise<void> {
  const mib = 1024 * 1024
  const store = await LevelStore.open(join(folder, 'data', 'database'))
  const { items } = await store.operations({ limit: 100 })
  const operation = items.find(({ name }) => name === 'ended well')
  if (operation === undefined) throw new Error('the data has changed')
  const transfer = {
    devices: 4,
    imageBytes: 8 * mib,
    heldBytes: 3 * mib,
    receivedBytes: 3 * mib,
    wireBytes: 2 * mib,
    patchBytes: 2 * mib,
    patchWireBytes: mib,
    broadcastBytes: mib,
  }
  await store.commit([{ kind: 'put-operation', operation: { ...operation, transfer } }])
  await store.close()
}

t.test('an empty broker', { skip: noBrowser || notThisTime(3) }, async t => {
  const rooms = await openRooms(t)
  const browser = await openBrowser(t)

  t.test('every command that is named is one of the program', async t => {
    const { page } = await visit(browser, rooms.origin)
    await signIn(page, rooms.tokens.operator)
    await page.getByRole('heading', { name: 'From here to the first update' }).waitFor()
    const shown = await page.locator('.command code').allTextContents()
    await page.goto('/artifacts')
    await page.getByText('There is no release yet.').waitFor()
    const commands = [...shown, ...(await page.locator('.command code').allTextContents())]
    t.equal(commands.length, 7)
    const helps = new Map<string, string>()
    for (const command of new Set(commands)) {
      const [program, ...words] = command.split(/\s+/).filter(word => word !== '\\')
      const rest = words.splice(words[1]?.startsWith('--') ? 1 : 2)
      t.equal(program, 'drover')
      const help = helps.get(`${words}`) ?? (await run(process.execPath, [cliBin, ...words, '--help'])).stdout
      helps.set(`${words}`, help)
      t.match(help, new RegExp(`Usage: drover ${words.map(word => `\\S*${word}\\S*`).join(' ')}`), command)
      for (const flag of rest.filter(word => word.startsWith('--'))) t.match(help, `${flag} `, `${command}: ${flag}`)
    }
  })

  t.test('the way to the first update is ticked off as it is gone, and is over with it', async t => {
    const { page } = await visit(browser, rooms.origin)
    await signIn(page, rooms.tokens.operator)
    const done = () => page.locator('.step-done h3').allTextContents()
    await page.getByRole('heading', { name: 'From here to the first update' }).waitFor()
    t.equal(await page.locator('.step').count(), 4)
    t.strictSame(await done(), [])
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Artifacts' }).click()
    await page
      .getByLabel('Bundles to upload')
      .setInputFiles([{ name: 'main-2.0.0.bundle', mimeType: '', buffer: bundle.bytes }])
    await page.locator('.upload-state').getByText('Taken').waitFor()
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('heading', { name: 'Upload the bundle done' }).waitFor()
    t.strictSame(await done(), ['Sign an artifact done', 'Upload the bundle done'])
    await rooms.call('POST', '/v1/devices/enroll', { device: 'sensor-1' })
    await page.getByRole('heading', { name: 'Enroll devices done' }).waitFor()
    t.match(
      await page.locator('.first-steps').textContent(),
      /sensor-1 was enrolled last\. No device has connected yet/,
    )
    t.equal(
      await page.getByRole('link', { name: 'New update' }).getAttribute('href'),
      `/operations/new?${new URLSearchParams({ type: 'firmware-update', release: bundle.release })}`,
    )
    await rooms.call('POST', '/v1/operations', {
      type: 'firmware-update',
      name: 'the first',
      release: bundle.release,
      targets: { devices: ['sensor-1'] },
    })
    await page.getByRole('heading', { name: 'What runs now' }).waitFor()
    t.equal(await page.locator('.first-steps').count(), 0)
  })
})

t.test('a fleet', { skip: noBrowser || notThisTime(3) }, async t => {
  const folder = t.testdir()
  await fillData(folder, data())
  await addTransfer(folder)
  const rooms = await openRoomsIn(folder)
  t.teardown(() => rooms.broker.kill())
  const browser = await openBrowser(t)
  const at = async (address: string, person: Person = 'admin') => {
    const visitor = await visit(browser, rooms.origin)
    await signIn(visitor.page, rooms.tokens[person], address)
    return visitor
  }
  const card = (page: Page, name: string) =>
    page.locator('section').filter({ has: page.getByRole('heading', { name, exact: true }) })

  t.test('overview: the numbers are those of the broker, and lead to the devices', async t => {
    const { page } = await at('/')
    const fleet = await rooms.call<FleetView>('GET', '/v1/fleet')
    await page.locator('.tile-count', { hasText: '40' }).first().waitFor()
    t.strictSame(await page.locator('.tiles a').allTextContents(), [
      '40Devices',
      '0Online',
      '40Offline',
      '0Quarantined',
      '3In progress',
    ])
    const versions = card(page, 'Fleet by version')
    for (const { component, versions: counted } of fleet.components) {
      const shown = versions.locator('.version-count').filter({ hasText: component })
      const rows = await shown.locator('li').evaluateAll(items =>
        items.map(item => ({
          version: item.querySelector('a')?.textContent,
          devices: Number(item.querySelector('.version-devices')?.textContent),
        })),
      )
      t.same(
        new Map(rows.map(({ version, devices }) => [version, devices])),
        new Map(counted.map(({ version, devices }) => [version, devices])),
        component,
      )
    }
    t.match(await versions.textContent(), /counted .* ago/)
    await versions.getByRole('link', { name: '1.4.2' }).click()
    await page.waitForURL(url => url.searchParams.get('filter') === 'component=main&version=1.4.2')
  })

  t.test('overview: what needs attention, the worst first, and what ended long ago no more', async t => {
    const { page } = await at('/')
    const items = page.locator('.attention-item')
    await items.nth(4).waitFor()
    const texts = (await items.allTextContents()).map(text => text.replace(/^\W+/, ''))
    t.match(texts.slice(0, 2).sort(), [
      /^Many failuresgoes wrong 5 of 25/,
      /^Paused by a rulepaused by a rule more than 5/,
    ])
    t.match(texts.slice(2).sort(), [
      /^Ended with errorsended badly 2 of 11/,
      /^Offline40 devices/,
      /^Waiting for approvalwaits/,
    ])
    t.equal(texts.length, 5)
  })

  t.test('overview: an operation that is stopped elsewhere leaves what runs, without a reload', async t => {
    const { page } = await at('/')
    const running = card(page, 'What runs now')
    const bar = running.getByRole('progressbar', { name: 'Progress of goes wrong' })
    t.equal(await bar.getAttribute('aria-valuetext'), '71 %: 20 updated, 5 failed, 3 in progress, 7 waiting')
    await running.getByRole('link', { name: 'waits for approval' }).waitFor()
    const { data } = await rooms.call<{ data: OperationView[] }>('GET', '/v1/operations?limit=10')
    await rooms.call('POST', `/v1/operations/${data.find(({ name }) => name === 'waits for approval')?.id}/stop`)
    await running.getByRole('link', { name: 'waits for approval' }).waitFor({ state: 'detached' })
    t.equal(await page.locator('.attention-item', { hasText: 'waits for approval' }).count(), 0)
  })

  t.test('overview: failures over time as columns, legend and table, the library only here', async t => {
    const { page, expect } = await at('/artifacts')
    // The canvas is read again and again until it is drawn.
    expect(/Canvas2D/)
    const scripts: string[] = []
    page.on('request', request => scripts.push(new URL(request.url()).pathname))
    await page.getByRole('heading', { name: 'Artifacts' }).waitFor()
    t.notOk(scripts.some(path => path.includes('columns-')))
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.locator('.chart canvas').waitFor()
    t.ok(scripts.some(path => path.includes('columns-')))
    const { codes } = await rooms.call<FailureHistory>('GET', '/v1/fleet/failures?hours=24')
    const legend = await page.locator('.chart-legend li').allTextContents()
    t.strictSame(
      legend,
      codes.map(({ code, text, total }) => `${code}${text}${total.toLocaleString('en-GB')}`),
    )
    t.ok(await untilValue(async () => (await page.evaluate(`(${everyColourIsDrawn})()`)) || null), 'columns are drawn')
    await page.getByText('As a table').click()
    const sums = await page
      .locator('.chart-table tbody tr td:last-child')
      .evaluateAll(cells => cells.map(cell => Number(cell.textContent)))
    t.equal(
      sums.reduce((sum, count) => sum + count, 0),
      codes.reduce((sum, { total }) => sum + total, 0),
    )
    await page.locator('.chart').hover()
    t.match(await page.locator('.chart-when').textContent(), /^\d+, \d+ \w+, \d\d:\d\d – \d\d:\d\d$/)
    await page.getByRole('link', { name: '7 days' }).click()
    await page.waitForURL('**/?hours=168')
    await page.getByText('in the past 7 days').waitFor()
  })

  t.test('artifacts: several files one after another, the refusals in words', async t => {
    const { page, expect } = await at('/artifacts', 'operator')
    expect(/400/)
    const next = makeBundle({ image: Buffer.alloc(50_000, 'the third'), version: '3.0.0', component: 'main' })
    await page.getByLabel('Bundles to upload').setInputFiles([
      { name: 'notes.txt', mimeType: '', buffer: Buffer.from('no bundle at all, but some text') },
      { name: 'main-3.0.0.bundle', mimeType: '', buffer: next.bytes },
    ])
    const rows = page.locator('.upload-list li')
    await rows.nth(1).getByText('Taken').waitFor()
    t.match(await rows.nth(0).textContent(), /notes\.txt.*Refused.*bundle/i)
    await rows.nth(1).getByRole('link', { name: 'main 3.0.0' }).click()
    const drawer = page.getByRole('complementary', { name: 'main 3.0.0' })
    await drawer.getByText(next.release, { exact: true }).waitFor()
    t.match(await drawer.textContent(), /0 devices of 40 with main/)
    await drawer.getByText('None has been started.').waitFor()
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    t.equal(
      await page.getByRole('link', { name: 'Start an update to main 3.0.0' }).getAttribute('href'),
      `/operations/new?${new URLSearchParams({ type: 'firmware-update', release: next.release })}`,
    )
    await page.getByRole('button', { name: 'Clear what is over' }).click()
    t.equal(await rows.count(), 0)
  })

  t.test('artifacts: an upload shows how far it is, and can be cancelled', async t => {
    const { page, context, expect } = await at('/artifacts', 'operator')
    expect(/ERR_/)
    const devtools = await context.newCDPSession(page)
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 }
    await devtools.send('Network.emulateNetworkConditions', slow)
    const { bytes } = makeBundle({ image: noise(3_000_000), version: '4.0.0', component: 'main' })
    const path = join(t.testdir(), 'main-4.0.0.bundle')
    writeFileSync(path, bytes)
    await page.getByLabel('Bundles to upload').setInputFiles(path)
    const bar = page.getByRole('progressbar', { name: 'Upload of main-4.0.0.bundle' })
    const percent = await untilValue(async () => Number(await bar.getAttribute('value')) || null)
    t.ok(percent < 100)
    const brokenOff = page.waitForEvent('requestfailed', request => request.url().endsWith('/v1/artifacts'))
    await page.getByRole('button', { name: 'Cancel the upload of main-4.0.0.bundle' }).click()
    await brokenOff
    await page.locator('.upload-list').getByText('Cancelled').waitFor()
    const { data } = await rooms.call<{ data: { version: string }[] }>('GET', '/v1/releases')
    t.notOk(data.some(({ version }) => version === '4.0.0'))
  })

  t.test('artifacts: who signed, when it expires, what its updates saved', async t => {
    const { page } = await at('/artifacts', 'viewer')
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'main 2.0.0' }) })
    await row.waitFor()
    t.match(await row.textContent(), /raw/)
    t.equal(await row.locator('.signers li').count(), 1)
    t.equal(await page.getByRole('button', { name: 'Choose bundles' }).count(), 0, 'a viewer uploads nothing')
    t.equal(await page.getByRole('link', { name: /Start an update/ }).count(), 0)
    await row.getByRole('link', { name: 'main 2.0.0' }).click()
    const drawer = page.getByRole('complementary', { name: 'main 2.0.0' })
    await drawer.getByText('did not have to be sent').waitFor()
    t.match(await drawer.textContent(), /75 % of 8\.0 MiB for 4 devices/)
    t.strictSame(await drawer.locator('.savings td').allTextContents(), [
      '3.0 MiB',
      '1.0 MiB',
      '2.0 MiB',
      '2.0 MiB',
      '1.0 MiB',
    ])
  })
})

/** In the browser: whether the colour of every swatch stands somewhere on the canvas. */
const everyColourIsDrawn = `() => {
  const canvas = document.querySelector('.chart canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const colours = new Set()
  for (let at = 0; at < data.length; at += 4) colours.add(data.slice(at, at + 3).join())
  return [...document.querySelectorAll('.chart-legend .swatch')].every(swatch =>
    colours.has(getComputedStyle(swatch).backgroundColor.match(/[0-9]+/g).slice(0, 3).join()))
}`

/** Bytes that do not shrink. */
function noise(count: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(count))
}
