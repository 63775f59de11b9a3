// Releases: an uploaded bundle becomes a manifest of the release its component, version and installed digest name.
import { openEnvelope } from '../../proto/envelope.ts'
import type { Listing, ReleaseView } from '../../proto/http-api.ts'
import { releaseId, releaseIdOf } from '../../proto/ids.ts'
import { readManifest } from '../../proto/manifest.ts'
import type { Release } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { Store } from '../ports.ts'
import { listing, releaseView } from '../views.ts'
import { requireRole } from './access.ts'
import { auditOf } from './audit.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId, parsedPage } from './parsing.ts'
import { checkAgreement, checkPrecursor, manifestEntry } from './release-manifests.ts'
import { serially } from './serially.ts'
import type { UseCases } from './use-cases.ts'

/** Manifests one release may have. */
const manifestsMax = 256

export function releaseUseCases({
  store,
  artifacts,
  clock,
  log,
}: Dependencies): Pick<UseCases, 'uploadBundle' | 'listReleases' | 'showRelease'> {
  // Two uploads for one release must not read the same record and write over each other.
  const alone = serially()
  return {
    async uploadBundle(by, bytes): Promise<ReleaseView> {
      requireRole(by, 'operator')
      const received = await artifacts.receive(bytes)
      const verdict = readManifest(openEnvelope(received.envelope).payload, { now: clock.now() })
      if (!verdict.ok)
        throw new RequestRefused('INVALID', `manifest: ${verdict.failure.code} ${JSON.stringify(verdict.failure.data)}`)
      const { manifest } = verdict
      await checkPrecursor(artifacts, manifest)
      const entry = manifestEntry(received, manifest)
      const id = releaseIdOf(manifest.component, manifest.version, manifest.installedSha256)
      const release = await alone(async () => {
        const known = await store.release(id)
        const manifests = known?.manifests ?? []
        if (manifests.some(({ sha256 }) => sha256 === entry.sha256)) return known as Release
        if (manifests.length >= manifestsMax)
          throw new RequestRefused('CONFLICT', `release ${id} has ${manifestsMax} manifests already`)
        checkAgreement(manifests, manifest, clock.now())
        const next: Release = {
          id,
          component: manifest.component,
          version: manifest.version,
          installedSha256: manifest.installedSha256,
          createdAt: known?.createdAt ?? clock.now(),
          createdBy: known?.createdBy ?? by.name,
          manifests: [...manifests, entry],
        }
        await store.commit([
          { kind: 'put-release', release: next },
          auditOf(by, clock.now(), {
            action: 'release.upload',
            subject: id,
            data: {
              manifest: entry.sha256,
              artifact: entry.artifact,
              payloadSize: entry.payloadSize,
              format: manifest.format,
            },
          }),
        ])
        return next
      })
      log.info({ event: 'release-uploaded', release: id, artifact: received.artifact, by: by.name }, 'release uploaded')
      return releaseView(release)
    },

    async listReleases(by, request): Promise<Listing<ReleaseView>> {
      requireRole(by, 'viewer')
      const page = parsedPage(request, releaseId)
      return listing(await store.releases(page), releaseView, page)
    },

    async showRelease(by, text): Promise<ReleaseView> {
      requireRole(by, 'viewer')
      const id = parsedId(releaseId, text, 'id')
      const release = await store.release(id)
      if (release === undefined) throw new RequestRefused('NOT_FOUND', `no release ${id}`)
      return releaseView(release)
    },
  }
}

/** By id, or by `component@version` when that names exactly one. */
export async function namedRelease(store: Store, text: string): Promise<Release> {
  if (text.includes('+')) {
    const release = await store.release(parsedId(releaseId, text, 'release'))
    if (release === undefined) throw unknownRelease(text)
    return release
  }
  // Ids sort by component and version, and `+` sorts before every character a version continues with.
  const { items } = await store.releases({ after: `${text}+` as Release['id'], limit: 2 })
  const found = items.filter(release => `${release.component}@${release.version}` === text)
  const [release] = found
  if (release === undefined) throw unknownRelease(text)
  if (found.length > 1)
    throw new RequestRefused('CONFLICT', `${text} has several images; name the release by its id`, [
      { name: 'release', message: found.map(({ id }) => id).join(' or ') },
    ])
  return release
}

function unknownRelease(text: string): RequestRefused {
  return new RequestRefused('INVALID', `no release ${text}`, [
    { name: 'release', message: 'expected a release id or component@version that has been uploaded' },
  ])
}
