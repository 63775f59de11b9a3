import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ArtifactFiles } from '../../broker/adapters/artifact-files.ts'
import { systemClock } from '../../broker/adapters/system-clock.ts'
import { openPatches } from '../../broker/automatic-patches.ts'
import { deliverySettings } from '../../broker/delivery/delivery-settings.ts'
import type { ArtifactStore, LogFields } from '../../broker/ports.ts'
import { artifactId, deviceId } from '../../proto/ids.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { pieces } from '../suites/artifact-store.ts'

const searchPath = process.env.PATH ?? ''
const settings = deliverySettings({ patchDevicesMin: 1 })

function noted() {
  const lines: LogFields[] = []
  const note = (fields: LogFields): void => void lines.push(fields)
  return { lines, log: { debug: note, info: note, warn: note, error: note } }
}

t.test('with a folder of artifacts there are patches, in a folder beside it', async t => {
  const dataDir = t.testdir()
  const { lines, log } = noted()
  const artifacts = await ArtifactFiles.open(join(dataDir, 'artifacts'))
  const [old, fresh] = [makeBundle({ image: makeImage(60_000, 1) }), makeBundle({ image: makeImage(60_000, 2) })]
  for (const { bytes } of [old, fresh]) await artifacts.receive(pieces(bytes))
  const patches = await openPatches(dataDir, artifacts, settings, { clock: systemClock, log, searchPath })
  t.ok(existsSync(join(dataDir, 'patches', 'making')))
  const pair = { base: old.artifact, target: fresh.artifact }
  t.equal(patches?.offers.offerFor(deviceId('a'), pair, 2 ** 30), undefined, 'the first begins with chunks')
  // Strangers to one another: measured, then found to be of no use, or not to be made on this machine.
  while (!lines.some(({ event }) => event === 'patch-useless' || event === 'patches-off'))
    await new Promise(resolve => setTimeout(resolve, 10))
  t.ok((patches?.offers.leastBytes(pair, 2 ** 30) ?? 0) >= 60_000)
  t.match(patches?.figures(), { patchesCount: 0, queuedCount: 0, failedTotal: 0, pairsCount: 1 })
  t.same(patches?.store.all(), [])
  await patches?.close()
  const unknown = { base: artifactId('0'.repeat(64)), target: fresh.artifact }
  t.equal(patches?.offers.leastBytes(unknown, 2 ** 30), undefined)
  await artifacts.close()
})

t.test('without files, or without a folder to write to, there are none, and it says why', async t => {
  const { lines, log } = noted()
  const elsewhere: ArtifactStore = { receive: Promise.reject, open: async () => undefined, close: async () => {} }
  t.equal(await openPatches(t.testdir(), elsewhere, settings, { clock: systemClock, log, searchPath }), undefined)
  const dataDir = t.testdir()
  const artifacts = await ArtifactFiles.open(join(dataDir, 'artifacts'))
  writeFileSync(join(dataDir, 'patches'), 'a file')
  t.equal(await openPatches(dataDir, artifacts, settings, { clock: systemClock, log, searchPath }), undefined)
  t.match(lines, [
    { event: 'patches-off', reason: /not files/ },
    { event: 'patches-off', reason: /patch folder/ },
  ])
  await artifacts.close()
})
