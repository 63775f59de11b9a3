// drover fleet: which versions run, as bars. The broker counts in the background; when it did is told, too.
import type { Command } from 'commander'
import type { FleetView } from '../../proto/http-console.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'

const barPlaces = 30

export function addFleetCommand(program: Command, finish: Finish): void {
  finish(program.command('fleet').description('how many devices there are, and which versions they run'), {
    run: async (context, _call) => {
      const client = await context.client()
      showFleet(context, await client.fleet())
    },
  })
}

function showFleet({ out }: CliContext, fleet: FleetView): void {
  if (out.json) {
    out.record({ object: 'fleet', ...fleet })
    return
  }
  const { devices, online, quarantined, countedAt, components } = fleet
  const counted = countedAt === null ? 'not counted yet, ask again in a moment' : `counted ${timeOf(countedAt)}`
  out.line(`${devices} devices, ${online} online, ${quarantined} in quarantine; ${counted}.`)
  const rows = components.flatMap(({ component, devices: all, versions, others }) => [
    ...versions.map(({ version, digest, devices: count }) => ({ component, version, digest, count, all })),
    ...(others === 0 ? [] : [{ component, version: 'others', digest: null, count: others, all }]),
  ])
  if (rows.length === 0) return
  out.items(
    rows,
    [
      { head: 'component', of: ({ component }) => component },
      { head: 'version', of: ({ version }) => version },
      { head: 'devices', of: ({ count }) => count },
      { head: 'share', rank: 2, of: ({ count, all }) => barOf(count, all) },
      // Two images may call themselves by the same version.
      { head: 'digest', rank: 1, of: ({ digest }) => digest?.slice(0, 16) ?? null },
    ],
    '',
  )
}

/** `██████░░░░ 60 %`. Whoever is there has at least one place, and it is full only when all are. */
export function barOf(count: number, all: number): string {
  const share = all === 0 ? 0 : Math.min(count / all, 1)
  const most = share < 1 ? barPlaces - 1 : barPlaces
  const filled = count > 0 ? Math.min(Math.max(1, Math.round(share * barPlaces)), most) : 0
  const percent = share > 0 && share < 0.01 ? '<1' : String(Math.floor(share * 100))
  return `${'█'.repeat(filled)}${'░'.repeat(barPlaces - filled)} ${percent} %`
}
