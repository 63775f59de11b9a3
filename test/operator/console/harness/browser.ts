// Chromium as a person would use it, with eyes on everything that goes wrong in silence: a console error, a page error, a
// refused style or script, a request that leaves the broker's address.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

export const chromiumPath =
  process.env.DROVER_CHROMIUM ?? firstOf('/usr/bin/chromium-headless-shell', '/usr/bin/chromium')
/** For tap's `skip`: false where there is a browser. */
export const noBrowser: string | false = existsSync(chromiumPath)
  ? false
  : `no Chromium at ${chromiumPath}: install it, or name it in DROVER_CHROMIUM`

export interface Visitor {
  readonly page: Page
  readonly context: BrowserContext
  /** Complaints that are expected from now on, such as refused requests of a test that provokes them. */
  expect(complaint: RegExp): void
}

/** The first is Chromium without its own windows, and quicker. */
function firstOf(...paths: readonly string[]): string {
  return paths.find(path => existsSync(path)) ?? (paths.at(-1) as string)
}

/** Of each browser: who visits now, and what went wrong in silence. */
const visits = new WeakMap<Browser, Visit[]>()

interface Visit {
  readonly context: BrowserContext
  readonly complaints: string[]
  readonly expected: RegExp[]
}

/** For the subtests of `t`: after each of them its visitors leave, and every complaint that was not expected fails. */
export async function openBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] })
  const open: Visit[] = []
  visits.set(browser, open)
  t.afterEach(async subtest => {
    for (const { context, complaints, expected } of open.splice(0)) {
      await context.close()
      for (const complaint of complaints)
        if (!expected.some(pattern => pattern.test(complaint)))
          t.fail(`${subtest.name}: the browser complains: ${complaint}`)
    }
  })
  t.teardown(() => browser.close())
  return browser
}

/** A person with a browser of his own. */
export async function visit(browser: Browser, origin: string, { width = 1280, height = 800 } = {}): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width, height },
    locale: 'en-GB',
    timezoneId: 'UTC',
    // What moves is drawn again and again, by a processor.
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const complaints: string[] = []
  const expected: RegExp[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', error => complaints.push(`page: ${error.message}`))
  page.on('request', request => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:') && !request.url().startsWith('blob:'))
      complaints.push(`a request left the broker: ${request.url()}`)
  })
  page.on('response', response => {
    if (response.status() >= 400) complaints.push(`answer: ${response.status()} ${new URL(response.url()).pathname}`)
  })
  visits.get(browser)?.push({ context, complaints, expected })
  return { page, context, expect: complaint => void expected.push(complaint) }
}

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>
/** Of people who have signed in before, by token: the door is tried by the tests of the door. */
const signedIn = new Map<string, StorageState>()

/** On the page that was asked for afterwards. */
export async function signIn(page: Page, token: string, next = '/'): Promise<void> {
  const context = page.context()
  const before = signedIn.get(token)
  if (before !== undefined) {
    await context.addCookies(before.cookies)
    for (const { localStorage } of before.origins)
      for (const { name, value } of localStorage)
        await context.addInitScript(
          `if (sessionStorage.getItem('is-back') === null) {
            sessionStorage.setItem('is-back', '1')
            localStorage.setItem(${JSON.stringify(name)}, ${JSON.stringify(value)})
          }`,
        )
    await page.goto(next)
    const main = page.getByRole('navigation', { name: 'Main' })
    const door = page.getByLabel('Token')
    await main.or(door).first().waitFor()
    if (await main.isVisible()) return
    // The session is over, the broker has been started again: as if for the first time.
    signedIn.delete(token)
  }
  await page.goto(`/sign-in${next === '/' ? '' : `?next=${encodeURIComponent(next)}`}`)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).waitFor()
  signedIn.set(token, await context.storageState())
}

interface Violation {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Of axe's rules, those whose verdict depends on the colour scheme. */
const colourRules = ['color-contrast', 'link-in-text-block']
// The program itself, without the builder around it: the console has no frames, and it is three times as quick.
const { source } = createRequire(import.meta.resolve('@axe-core/playwright'))('axe-core') as { readonly source: string }

/** Fails for each violation axe finds on what is seen now, or in the one part of it, light and dark. */
export async function accessible(t: Test, page: Page, where: string, part?: string): Promise<void> {
  if (await page.evaluate<boolean>('typeof axe === "undefined"')) await page.evaluate(source)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    // Only what is wrong is described: to find a selector for everything that is right takes most of the time.
    const options = { resultTypes: ['violations'], ...(colorScheme === 'light' ? {} : { runOnly: colourRules }) }
    const violations = await page.evaluate<readonly Violation[]>(
      `axe.run(${part === undefined ? 'document' : JSON.stringify(part)}, ${JSON.stringify(options)})
        .then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => ({ html })) })))`,
    )
    for (const { id, help, nodes } of violations)
      t.fail(`${where}, ${colorScheme}: ${id} ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
    t.equal(violations.length, 0, `${where}, ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
}
