// drover releases: what can be installed.
import type { Command } from 'commander'
import type { ReleaseView } from '../../proto/http-api.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, showList } from './paging.ts'

export const uploadedHint = 'drover releases list shows what has been uploaded'

export function addReleaseCommands(program: Command, finish: Finish): void {
  const releases = program
    .command('releases')
    .alias('release')
    .description('what can be installed: a component in a version')
  finish(addPaging(releases.command('list').description('all releases, by id')), {
    flags: { after: '--after' },
    run: async (context, call) => {
      const client = await context.client()
      await showList(context, call.options as unknown as PagingOptions, {
        pageOf: page => client.releases(page),
        keyOf: ({ id }) => id,
        columns,
        whenEmpty: 'No releases yet. Make one with drover artifact create, bring it with drover artifact upload.',
      })
    },
  })
  finish(releases.command('show').argument('<id>', 'release id').description('one release with its manifests'), {
    hints: { NOT_FOUND: uploadedHint, id: uploadedHint },
    run: async (context, call) => {
      const client = await context.client()
      showRelease(context, await client.release(call.args[0] ?? ''))
    },
  })
}

export function showRelease(context: CliContext, release: ReleaseView): void {
  context.out.item(release, [
    ['release', release.id],
    ['component', release.component],
    ['version', release.version],
    ['installed SHA-256', release.installedSha256],
    ['created', `${timeOf(release.createdAt)} by ${release.createdBy}`],
    ...release.manifests.flatMap((manifest, index) => {
      const { sha256, vendorId, classId, deviceId, payloadSize, expiresAt, format, precursorSha256 } = manifest
      const who = `vendor ${vendorId} class ${classId}${deviceId === null ? '' : ` device ${deviceId}`}`
      return [
        [`manifest ${index + 1}`, sha256],
        ['  for', who],
        ['  payload', `${format}, ${payloadSize} bytes, until ${timeOf(expiresAt)}`],
        ...(precursorSha256 === null ? [] : [['  on installed', precursorSha256] as const]),
      ] as const
    }),
  ])
}

function isDelta({ format }: ReleaseView['manifests'][number]): boolean {
  return format === 'delta-zstd'
}

/** Of the full image, if the release has one. */
function bytesOf(manifests: ReleaseView['manifests']): number | null {
  return (manifests.find(manifest => !isDelta(manifest)) ?? manifests[0])?.payloadSize ?? null
}

const columns = [
  { head: 'release', of: ({ id }: ReleaseView) => id },
  { head: 'manifests', rank: 3, of: ({ manifests }: ReleaseView) => manifests.length },
  { head: 'deltas', rank: 4, of: ({ manifests }: ReleaseView) => manifests.filter(isDelta).length },
  { head: 'bytes', rank: 1, of: ({ manifests }: ReleaseView) => bytesOf(manifests) },
  { head: 'created', rank: 2, of: ({ createdAt }: ReleaseView) => timeOf(createdAt) },
  { head: 'by', rank: 5, of: ({ createdBy }: ReleaseView) => createdBy },
]
