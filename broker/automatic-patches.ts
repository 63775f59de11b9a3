// The parts of automatic patches, put together: what makes them, what keeps them, and who decides about them.
//
//   DIR/patches/…-….patch     made ones, those used last           DIR/patches/making/…     what is under way
//
// Belongs to the composition root (plugin.ts), which opens and closes it.
import { join } from 'node:path'
import { ArtifactFiles } from './adapters/artifact-files.ts'
import { PatchFiles } from './adapters/patch-files.ts'
import { PatchWorker } from './adapters/patch-maker.ts'
import type { DeliverySettings } from './delivery/delivery-settings.ts'
import { PatchDesk, type PatchFigures } from './delivery/patch-desk.ts'
import type { PatchOffers } from './delivery/patch-offers.ts'
import { StoreUnavailable } from './errors.ts'
import type { ArtifactStore, Clock, Log, PatchStore } from './ports.ts'

type PatchSettings = Pick<DeliverySettings, 'patchDevicesMin' | 'patchCacheBytesMax' | 'patchImageBytesMax'>

export interface AutomaticPatches {
  readonly offers: PatchOffers
  readonly store: PatchStore
  figures(): PatchFigures
  close(): Promise<void>
}

export interface PatchParts {
  readonly clock: Clock
  readonly log: Log
  /** Where programs are found, as PATH has it. */
  readonly searchPath: string
}

/**
 * Undefined, and told, when the artifacts are not files (the thread that makes patches reads nothing else), or the folder
 * cannot be used: a broker without patches is a broker all the same.
 */
export async function openPatches(
  dataDir: string,
  artifacts: ArtifactStore,
  settings: PatchSettings,
  parts: PatchParts,
): Promise<AutomaticPatches | undefined> {
  if (!(artifacts instanceof ArtifactFiles)) {
    parts.log.info({ event: 'patches-off', reason: 'artifacts are not files here' }, 'no patches are made')
    return undefined
  }
  try {
    return await opened(dataDir, artifacts, settings, parts)
  } catch (err) {
    if (!(err instanceof StoreUnavailable)) throw err
    parts.log.warn({ event: 'patches-off', reason: err.message, err }, 'no patches are made')
    return undefined
  }
}

async function opened(
  dataDir: string,
  artifacts: ArtifactFiles,
  settings: PatchSettings,
  parts: PatchParts,
): Promise<AutomaticPatches> {
  const { clock, log, searchPath } = parts
  const folder = join(dataDir, 'patches')
  const store = await PatchFiles.open(folder, settings.patchCacheBytesMax, clock)
  const maker = await PatchWorker.open({
    folder: join(folder, 'making'),
    bundlePath: artifact => artifacts.bundlePath(artifact),
    patches: store,
    searchPath,
    clock,
    settings: { imageBytesMax: settings.patchImageBytesMax },
  })
  const desk = new PatchDesk({ maker, patches: store, clock, log, settings: { devicesMin: settings.patchDevicesMin } })
  return {
    offers: desk,
    store,
    figures: () => desk.figures(),
    async close() {
      await desk.close()
      await maker.close()
      await store.close()
    },
  }
}
