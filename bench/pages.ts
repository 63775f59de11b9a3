// What somebody who opens a page of the console waits for after the broker has answered: from the end of the answer with the
// fifty rows until the frame with the first of them is painted, in Chromium, on a broker with a fleet in it. And how many
// bytes of program there are.
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import { chromiumPath, noBrowser, signIn } from '../test/operator/console/harness/browser.ts'
import { fillConsole } from './console/filling.ts'
import { type ConsoleSettings, readSettings } from './console/settings.ts'
import { BrokerProcess } from './engine/broker-process.ts'
import { Opened } from './engine/opened.ts'
import { median, type Print, printer } from './engine/printing.ts'
import { fillRegistry, token } from './engine/registry.ts'

const rowsExpected = 50
const pages = [
  { name: 'update-status', address: '/devices/updates', asks: '/v1/operations' },
  { name: 'operations', address: '/operations', asks: '/v1/operations' },
  { name: 'devices', address: '/devices', asks: '/v1/devices' },
  { name: 'events', address: '/events', asks: '/v3/device-events' },
] as const

/** The flags are those of the bench `console`; `--reads`: how often each page is opened, 10 unless told. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  let settings: ConsoleSettings
  try {
    settings = readSettings(args.includes('--reads') ? args : [...args, '--reads', '10'])
    if (noBrowser !== false) throw new Error(noBrowser)
  } catch (error) {
    console.error(`pages: ${(error as Error).message}`)
    process.exitCode = 2
    return
  }
  const folder = settings.keep ?? (await mkdtemp(join(tmpdir(), 'drover-bench-pages-')))
  const print = printer(json, 'pages')
  try {
    printSizes(print)
    await Opened.during(async opened => {
      await fillRegistry(folder, settings.devices, [])
      await fillConsole(folder, settings, new Set())
      const broker = await BrokerProcess.start({ folder, token, args: ['--log-level', 'warn'] })
      opened.add(() => broker.stop())
      const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
      opened.add(() => browser.close())
      await measurePages(browser, `http://127.0.0.1:${broker.httpPort}`, settings.reads, print)
    })
  } finally {
    if (settings.keep === undefined) await rm(folder, { recursive: true, force: true })
  }
}

async function measurePages(browser: Browser, origin: string, loads: number, print: Print): Promise<void> {
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1280, height: 800 } })
  const first = await context.newPage()
  await signIn(first, token)
  await first.close()
  for (const { name, address, asks } of pages) {
    // Once beforehand: the program comes from the browser's store afterwards, as it does for everybody who comes back.
    await paintMs(context, address, asks)
    const times: number[] = []
    while (times.length < loads) times.push(await paintMs(context, address, asks))
    print(`first_paint_${name}_median_ms`, median(times), 'ms')
    print(`first_paint_${name}_worst_ms`, Math.max(...times), 'ms')
  }
}

/** Notes when the first row has been painted, and how many there were: a message posted in a frame is heard after it. */
const watch = `
  new MutationObserver((_, observer) => {
    if (document.querySelector('.table-frame > table > tbody > tr') === null) return
    observer.disconnect()
    const rows = document.querySelectorAll('.table-frame > table > tbody > tr').length
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => tellPainted(performance.now(), rows)
      port2.postMessage(0)
    })
  }).observe(document, { childList: true, subtree: true })`

interface Painted {
  readonly at: number
  readonly rows: number
}

async function paintMs(context: BrowserContext, address: string, asks: string): Promise<number> {
  const page = await context.newPage()
  let tell: (painted: Painted) => void = () => undefined
  const told = new Promise<Painted>(resolve => {
    tell = resolve
  })
  await page.exposeFunction('tellPainted', (at: number, rows: number) => tell({ at, rows }))
  await page.addInitScript(watch)
  await page.goto(address)
  await page.locator('.table-frame > table > tbody > tr').first().waitFor()
  const { at, rows } = await told
  const answeredAt = await page.evaluate<number | null>(
    `performance.getEntriesByType('resource')
      .filter(({ name }) => new URL(name).pathname.replace(/\\/$/, '') === ${JSON.stringify(asks)} && name.includes('limit=${rowsExpected}'))
      .at(-1)?.responseEnd ?? null`,
  )
  await page.close()
  if (answeredAt === null || rows !== rowsExpected)
    throw new Error(`${address}: ${rows} rows, expected ${rowsExpected} of one answer of ${asks}`)
  return at - answeredAt
}

/** Gzipped, as the build has put them beside the files. */
function printSizes(print: Print): void {
  const folder = fileURLToPath(new URL('../operator/console/', import.meta.url))
  const page = readFileSync(join(folder, 'index.html'), 'utf8')
  const files = readdirSync(join(folder, 'assets')).filter(name => /\.(js|css)$/.test(name))
  const bytes = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + readFileSync(join(folder, 'assets', `${name}.gz`)).length, 0)
  const isChart = (name: string) =>
    name.endsWith('.js') && readFileSync(join(folder, 'assets', name), 'utf8').includes('u-over')
  print('first_load_gzip_bytes', bytes(files.filter(name => page.includes(`/assets/${name}`))), 'bytes')
  print('bundle_gzip_bytes', bytes(files.filter(name => !isChart(name))), 'bytes')
}
