// The delivery plane beside its peers: what it costs the broker to hand over bytes, who is disturbed by whom, and which
// bytes need not be sent. What is measured, part by part, is in delivery/; how large, in delivery/settings.ts.

import { measureBroadcast } from './delivery/broadcast.ts'
import { measureFrozen } from './delivery/frozen.ts'
import { measureMany } from './delivery/many.ts'
import { measureOverhead } from './delivery/overhead.ts'
import { measurePairs } from './delivery/pairs.ts'
import { makeFolder, writeTopRows } from './delivery/profile.ts'
import { measurePull } from './delivery/pull.ts'
import { type DeliveryBenchSettings, type Part, readSettings } from './delivery/settings.ts'
import { type Print, printer } from './engine/printing.ts'

const measurements: Readonly<Record<Part, (settings: DeliveryBenchSettings, print: Print) => Promise<void>>> = {
  pull: measurePull,
  frozen: measureFrozen,
  overhead: measureOverhead,
  pairs: measurePairs,
  broadcast: measureBroadcast,
  many: measureMany,
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  let settings: DeliveryBenchSettings
  try {
    settings = readSettings(args)
  } catch (error) {
    console.error(`delivery: ${(error as Error).message}`)
    process.exitCode = 2
    return
  }
  if (settings.profile !== undefined) await makeFolder(settings.profile)
  // So that what was started beside us is ended with us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const print = printer(json, 'delivery')
  for (const part of settings.parts) await measurements[part](settings, print)
  if (settings.profile !== undefined) console.error(`top rows: ${await writeTopRows(settings.profile)}`)
}
