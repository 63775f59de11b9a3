// Every place of the console: nobody is kept out by how it is made, nothing goes wrong in silence, nothing leaves the
// broker. With a fleet, and with nothing in it at all. DROVER_PICTURES=FOLDER keeps a picture of each place.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import type { Page, Request } from 'playwright-core'
import t, { type Test } from 'tap'
import type { OperationView, ReleaseView } from '../../../proto/http-api.ts'
import { notThisTime, sampled, seed } from '../../fixtures/cases.ts'
import { seeded } from '../../fixtures/seeded.ts'
import { accessible, noBrowser, openBrowser, signIn, visit } from './harness/browser.ts'
import { ruleData } from './harness/data.ts'
import { type PlaceIds, places, settled } from './harness/places.ts'
import { deviceName } from './harness/records.ts'
import { openRooms, type Rooms } from './harness/rooms.ts'

// Judging takes its time: a sample of the places in each run, all of them with DROVER_LONG=1.
const random = seeded(seed)
t.comment(`DROVER_SEED=${seed}`)
const pictures = env.DROVER_PICTURES
if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
t.setTimeout(300_000)

/** Of every kind of operation one, and short lists: axe takes its time for each cell. */
function data() {
  const { operations } = ruleData()
  const few = operations.filter(({ name }) => !/^(past update|\d)/.test(name))
  return { devices: 12, events: 14, operations: few }
}

t.test('with a fleet', { skip: noBrowser || notThisTime(3) }, async t => {
  const rooms = await openRooms(t, data())
  const ids = await idsOf(rooms)
  const browser = await openBrowser(t)

  t.test('every place can be used by everybody, and tells a screen reader where one is', async t => {
    const { page, expect } = await visit(browser, rooms.origin)
    for (const { complaint } of places) if (complaint !== undefined) expect(complaint)
    await page.goto('/sign-in')
    await accessible(t, page, 'sign-in')
    await signIn(page, rooms.tokens.admin)
    for (const { name, address, ready, part } of sampled(places, 12, random)) {
      await page.goto(address(ids))
      await ready(page).catch((error: Error) => t.fail(`${name} is not complete: ${error.message.slice(0, 300)}`))
      await isOnePage(t, page, name)
      await accessible(t, page, name, part)
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) })
    }
  })

  t.test('the page lets in only what comes from the broker, and nothing that stands in the page itself', async t => {
    const response = await fetch(`${rooms.origin}/devices/updates`)
    const policy = response.headers.get('content-security-policy') ?? ''
    t.notMatch(policy, /unsafe-(inline|eval)/)
    for (const directive of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
      t.ok(policy.split(/;\s*/).includes(directive), `${directive} stands in ${policy}`)
    const html = await response.text()
    t.notMatch(html, /<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/)
    const { page, expect } = await visit(browser, rooms.origin)
    expect(/Content.Security.Policy/i)
    await page.goto('/sign-in')
    await page.getByLabel('Token').waitFor()
    await page.evaluate(`(() => {
      const script = document.createElement('script')
      script.textContent = 'window.wasLetIn = true'
      document.body.append(script)
    })()`)
    t.equal(await page.evaluate('window.wasLetIn'), undefined, 'a script that got into the page does not run')
  })

  t.test(
    'a tab that nobody looks at gives its stream up after a minute, and is live again when it is seen',
    async t => {
      const { page } = await visit(browser, rooms.origin)
      await page.clock.install()
      let [opened, open] = [0, 0]
      const isStream = (request: Request) => request.url().includes('/v1/stream')
      page.on('request', request => {
        if (!isStream(request)) return
        opened += 1
        open += 1
      })
      page.on('requestfailed', request => {
        if (isStream(request)) open -= 1
      })
      const show = (state: 'visible' | 'hidden') =>
        page.evaluate(`Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' })
        document.dispatchEvent(new Event('visibilitychange'))`)
      await signIn(page, rooms.tokens.operator, '/operations')
      const lamp = page.locator('.freshness')
      await lamp.getByText('Live').waitFor()
      const runs = (await idsOf(rooms)).running
      const note = page
        .getByRole('row')
        .filter({ has: page.locator(`a[href*="${runs}"]`) })
        .getByText(/paused/i)
      // Time runs faster here than at the broker, whose heartbeat would come too late: so something is heard of it.
      const hear = async (verb: 'pause' | 'resume') => {
        await rooms.call('POST', `/v1/operations/${runs}/${verb}`)
        await note.waitFor({ state: verb === 'pause' ? 'visible' : 'detached' })
      }
      await show('hidden')
      await page.clock.runFor(30_000)
      await show('visible')
      await hear('pause')
      await page.clock.runFor(35_000)
      t.strictSame([opened, open], [1, 1], 'half a minute aside changes nothing')
      await show('hidden')
      await hear('resume')
      await page.clock.runFor(35_000)
      await hear('pause')
      const ended = page.waitForEvent('requestfailed', isStream)
      await page.clock.runFor(26_000)
      await ended
      t.strictSame([opened, open], [1, 0])
      const asked = page.waitForRequest(request => request.url().includes('/v1/operations?'))
      await show('visible')
      await lamp.getByText('Live').waitFor()
      t.strictSame([opened, open], [2, 1])
      await page.clock.runFor(6_000)
      await asked
    },
  )

  t.test('lists and details are reached, left and reached again by keys', async t => {
    for (const [list, parameter] of [
      ['/operations', 'operation'],
      ['/devices', 'device'],
    ] as const) {
      const { page } = await visit(browser, rooms.origin)
      await signIn(page, rooms.tokens.operator, list)
      const link = page.locator(`main tbody a[href*="${parameter}="]`).first()
      await link.waitFor()
      t.equal((await tabTo(page, 'a.skip', 1)).length, 1, 'the first key leads past the navigation')
      await page.keyboard.press('Enter')
      t.equal(await page.evaluate('document.activeElement.id'), 'content')
      const way = await tabTo(page, `main tbody a[href*="${parameter}="]`, 60)
      t.ok(
        way.some(each => /^(INPUT|SELECT)/.test(each)),
        `${list}: on the way to the rows stand the filters: ${way.join(', ')}`,
      )
      await page.keyboard.press('Enter')
      const drawer = page.locator('aside.drawer')
      await drawer.waitFor()
      t.equal(
        await page.evaluate('document.activeElement.tagName'),
        'H2',
        'the focus goes to the heading of the details',
      )
      await page.keyboard.press('Tab')
      t.ok(await page.evaluate('document.activeElement.closest("aside.drawer") !== null'), 'and goes on inside')
      await page.keyboard.press('Escape')
      await drawer.waitFor({ state: 'detached' })
      t.notMatch(page.url(), new RegExp(`[?&]${parameter}=`))
      t.ok(
        await page.evaluate(`document.activeElement.matches('tbody a[href*="${parameter}="]')`),
        `${list}: the focus is back at the link`,
      )
    }
  })
})

t.test('with nothing in it', { skip: noBrowser || notThisTime(3) }, async t => {
  const rooms = await openRooms(t)
  const browser = await openBrowser(t)

  t.test('every place says what to do next', async t => {
    const { page, expect } = await visit(browser, rooms.origin)
    // An operation, a device and a release that are asked for by name and are not there.
    expect(/404|409/)
    await signIn(page, rooms.tokens.admin)
    const table: readonly (readonly [address: string, text: RegExp])[] = [
      ['/', /drover init/],
      ['/devices', /drover devices enroll/],
      ['/devices/updates', /drover operation start/],
      ['/operations', /drover operation start/],
      ['/events', /No event|Nothing/],
      ['/artifacts', /drover artifact create/],
      ['/admin/audit', /principal/i],
      ['/admin/people', /vera/],
      ['/operations/new?type=firmware-update', /release/i],
      [`/operations?operation=${'0'.repeat(26)}`, /not|no/i],
      ['/devices?device=nobody', /no device of this name/],
      [`/artifacts?release=${encodeURIComponent('main@9.9.9+0123456789abcdef')}`, /not|no/i],
    ]
    const judged = new Set(sampled(table, 3, random))
    for (const row of table) {
      const [address, text] = row
      await page.goto(address)
      await page
        .locator('main')
        .getByText(text)
        .first()
        .waitFor()
        .catch((error: Error) => t.fail(`${address} says nothing like ${text}: ${error.message.slice(0, 300)}`))
      await settled(page)
      await isOnePage(t, page, address)
      if (judged.has(row)) await accessible(t, page, `${address} of an empty broker`)
      if (pictures !== undefined)
        await page.screenshot({ path: join(pictures, `empty-${address.replace(/[^a-z]+/g, '-').slice(0, 40)}.png`) })
    }
  })
})

/** Presses Tab until `selector` has the focus, at most `limit` times; what had it on the way, the last included. */
async function tabTo(page: Page, selector: string, limit: number): Promise<readonly string[]> {
  const way: string[] = []
  while (way.length < limit) {
    await page.keyboard.press('Tab')
    const [name, there] = await page.evaluate<[string, boolean]>(
      `[document.activeElement.tagName + ' ' + (document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).slice(0, 30),
        document.activeElement.matches(${JSON.stringify(selector)})]`,
    )
    way.push(name)
    if (there) return way
  }
  throw new Error(`${limit} tabs do not lead to ${selector}: ${way.join(', ')}`)
}

async function isOnePage(t: Test, page: Page, where: string): Promise<void> {
  t.equal(await page.locator('h1').count(), 1, `${where}: one h1`)
  t.equal(await page.getByRole('main').count(), 1, `${where}: one main landmark`)
  t.match(await page.title(), /\S · Drover$/, `${where}: a title`)
}

async function idsOf(rooms: Rooms): Promise<PlaceIds> {
  const { data: operations } = await rooms.call<{ data: OperationView[] }>('GET', '/v1/operations')
  const { data: releases } = await rooms.call<{ data: ReleaseView[] }>('GET', '/v1/releases')
  const named = (name: string) => operations.find(operation => operation.name === name)?.id ?? ''
  return {
    device: deviceName(2),
    operation: named('all reasons'),
    running: named('runs'),
    release: releases[0]?.id ?? '',
  }
}
