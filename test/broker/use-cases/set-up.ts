// The real use cases over a small world: memory store, hand clock, real artifact files, real calendar and CSV.
import { CronCalendar } from '../../../broker/adapters/cron-calendar.ts'
import { csv } from '../../../broker/adapters/csv.ts'
import { systemRandom } from '../../../broker/adapters/system-clock.ts'
import { WebhookHttp } from '../../../broker/adapters/webhook-http.ts'
import type { CertificateAuthority } from '../../../broker/certificate-authority.ts'
import type { ArtifactStore, CommandSigner } from '../../../broker/ports.ts'
import { assembleUseCases } from '../../../broker/use-cases/assemble.ts'
import { type CommandTypeDefinition, OperationTypes } from '../../../broker/use-cases/operation-types.ts'
import type { UseCases } from '../../../broker/use-cases/use-cases.ts'
import { silentLog, type World } from '../orchestrator/world.ts'

export function useCasesOf(
  world: World,
  artifacts: ArtifactStore,
  signer?: CommandSigner,
  more: readonly CommandTypeDefinition[] = [],
  authority?: CertificateAuthority,
): UseCases {
  const { store, orchestrator } = world
  const post = new WebhookHttp()
  return assembleUseCases({
    store,
    artifacts,
    orchestrator,
    clock: orchestrator.clock,
    random: systemRandom,
    calendar: new CronCalendar(),
    csv,
    log: silentLog,
    types: new OperationTypes(store, signer, more),
    isOnline: device => orchestrator.isOnline(device),
    throughputOf: operation => world.throughput.get(operation) ?? 0,
    disconnectOperator: () => {},
    ...(authority === undefined ? {} : { authority }),
    webhookProblem: url => post.problem(url),
  })
}
