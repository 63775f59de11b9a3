// The operations engine as its operators meet it: the broker in a process of its own, on a data directory, with devices
// and operators on its doors. What is measured, part by part, is in engine/; how large, in engine/settings.ts.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureEventPages } from './engine/event-pages.ts'
import { measureEventRate } from './engine/event-rate.ts'
import { measureLargeOperations } from './engine/large-operation.ts'
import { type Print, printer } from './engine/printing.ts'
import { measureExport } from './engine/result-export.ts'
import { type EngineSettings, type Part, readSettings } from './engine/settings.ts'

const measurements: Readonly<Record<Part, (folder: string, settings: EngineSettings, print: Print) => Promise<void>>> =
  {
    rate: measureEventRate,
    targets: measureLargeOperations,
    pages: measureEventPages,
    export: measureExport,
  }

/** Each part in a folder of its own. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  let settings: EngineSettings
  try {
    settings = readSettings(args)
  } catch (error) {
    console.error(`engine: ${(error as Error).message}`)
    process.exitCode = 2
    return
  }
  const print = printer(json)
  const root = settings.keep ?? (await mkdtemp(join(tmpdir(), 'drover-bench-engine-')))
  try {
    for (const part of settings.parts) {
      const folder = join(root, part)
      await mkdir(folder, { recursive: true })
      await measurements[part](folder, settings, print)
    }
  } finally {
    if (settings.keep === undefined) await rm(root, { recursive: true, force: true })
  }
}
