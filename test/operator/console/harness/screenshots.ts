// `npm run screenshots [FOLDER]`: a picture of every place of the console, with three devices and with a hundred thousand,
// light and wide, dark and narrow. Without a folder those of the README are renewed in docs/images. With names of places behind the folder,
// only those.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import type { OperationView, ReleaseView } from '../../../../proto/http-api.ts'
import { chromiumPath, signIn } from './browser.ts'
import { type DataWishes, fillData, largeData, smallData, tourData } from './data.ts'
import { places } from './places.ts'
import { deviceName } from './records.ts'
import { openRoomsIn } from './rooms.ts'

const [folder, ...only] = process.argv.slice(2)
const forReadme: ReadonlySet<string> = new Set([
  'overview',
  'update-status',
  'operation-running',
  'device',
  'new-operation',
  'events',
])

const views = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 760 },
] as const

const target = resolve(folder ?? 'docs/images')
mkdirSync(target, { recursive: true })
const sets: readonly (readonly [name: string, data: DataWishes])[] =
  folder === undefined
    ? [['', tourData()]]
    : [
        ['small-', smallData()],
        ['large-', largeData()],
      ]
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
try {
  for (const [prefix, data] of sets) await pictures(prefix, data)
} finally {
  await browser.close()
}

async function pictures(prefix: string, data: DataWishes): Promise<void> {
  const own = mkdtempSync(join(tmpdir(), 'drover-pictures-'))
  await fillData(own, data)
  const rooms = await openRoomsIn(own)
  try {
    const { data: operations } = await rooms.call<{ data: OperationView[] }>('GET', '/v1/operations')
    const { data: releases } = await rooms.call<{ data: ReleaseView[] }>('GET', '/v1/releases')
    const ids = {
      device: deviceName(2),
      operation: operations.find(({ errors, completedAt }) => errors > 0 && completedAt !== null)?.id ?? '',
      running:
        operations.find(({ operationStatus, counts }) => operationStatus === 'Running' && counts.inProgress > 0)?.id ??
        '',
      release: releases[0]?.id ?? '',
    }
    for (const { colorScheme, width } of folder === undefined ? views.slice(0, 1) : views) {
      const context = await browser.newContext({
        baseURL: rooms.origin,
        viewport: { width, height: 800 },
        colorScheme,
        locale: 'en-GB',
        timezoneId: 'UTC',
      })
      // On a busy machine as well: a picture is worth waiting for.
      context.setDefaultTimeout(60_000)
      const page = await context.newPage()
      await signIn(page, rooms.tokens.admin)
      for (const { name, address, ready, needs } of places) {
        if (folder === undefined ? !forReadme.has(name) : only.length > 0 && !only.includes(name)) continue
        if (needs === 'running' && ids.running === '') continue
        await page.goto(address(ids))
        await ready(page).catch(error => console.error(`${prefix}${name}: ${String(error).split('\n')[0]}`))
        await page.waitForTimeout(400)
        await page.screenshot({
          path: join(target, `${prefix}${name}${folder === undefined ? '' : `-${colorScheme}-${width}`}.png`),
        })
      }
      await context.close()
    }
  } finally {
    await rooms.broker.kill()
    rmSync(own, { recursive: true, force: true })
  }
}
