// drover releases: what can be installed.
import type { Command } from 'commander'
import type { ReleaseView } from '../../proto/http-api.ts'
import { gather } from '../gather.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { addPaging, type PagingOptions, tellMore } from './paging.ts'

export const uploadedHint = 'drover releases list shows what has been uploaded'

export function addReleaseCommands(program: Command, finish: Finish): void {
  const releases = program.command('releases').description('what can be installed: a component in a version')
  finish(addPaging(releases.command('list').description('all releases, by id')), {
    run: async (context, call) => {
      const { limit, after } = call.options as unknown as PagingOptions
      const client = await context.client()
      const found = await gather(
        limit,
        after,
        ({ id }: ReleaseView) => id,
        page => client.releases(page),
      )
      context.out.items(
        found.items,
        [
          { head: 'release', of: ({ id }) => id },
          { head: 'manifests', of: ({ manifests }) => manifests.length },
          { head: 'bytes', of: ({ manifests }) => manifests[0]?.payloadSize ?? null },
          { head: 'created', of: ({ createdAt }) => timeOf(createdAt) },
          { head: 'by', of: ({ createdBy }) => createdBy },
        ],
        'No releases yet. Make one with drover artifact create, bring it with drover artifact upload.',
      )
      tellMore(context, found, ({ id }) => id)
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
    ...release.manifests.flatMap(({ sha256, vendorId, classId, deviceId, payloadSize, expiresAt }, index) => {
      const who = `vendor ${vendorId} class ${classId}${deviceId === null ? '' : ` device ${deviceId}`}`
      return [
        [`manifest ${index + 1}`, sha256],
        ['  for', who],
        ['  payload', `${payloadSize} bytes, until ${timeOf(expiresAt)}`],
      ] as const
    }),
  ])
}
