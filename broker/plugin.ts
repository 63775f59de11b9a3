// Attaches the orchestration to an Aedes instance: any one, with rules of its own, or the one drover-broker makes.
//
//   const drover = await attach(aedes, { dataDir: 'data' })
//
//   MQTT ─▶ adapters/aedes ─▶ device-messages ─▶ orchestrator ─▶ store          HTTP ─▶ use-cases ─┐
//                 └──────────▶ mqtt-commands ─▶ use-cases ─────▶ orchestrator ◀────────────────────┘
//                 ◀── sockets ── delivery ◀── artifacts
//
// This is a composition root: the one place that knows which adapter stands behind which port.
import { join } from 'node:path'
import type { Aedes } from 'aedes'
import { encodeCertificateAnswer } from '../proto/certificate-messages.ts'
import { type OperationId, principalName } from '../proto/ids.ts'
import { TrustChain } from '../proto/trust.ts'
import { type AedesAttachment, attachAedes } from './adapters/aedes/attach.ts'
import type { AedesSettings } from './adapters/aedes/settings.ts'
import { ArtifactFiles } from './adapters/artifact-files.ts'
import { CronCalendar } from './adapters/cron-calendar.ts'
import { csv } from './adapters/csv.ts'
import { LevelStore } from './adapters/level-store.ts'
import type { MetricsPage, PrometheusMetrics } from './adapters/metrics.ts'
import { MqttCommands } from './adapters/mqtt-commands.ts'
import { systemClock, systemRandom } from './adapters/system-clock.ts'
import { WebhookHttp, type WebhookHttpSettings } from './adapters/webhook-http.ts'
import { authenticate } from './authentication.ts'
import { openPatches } from './automatic-patches.ts'
import type { CertificateAuthority } from './certificate-authority.ts'
import type { Principal } from './core/records.ts'
import { Carousel } from './delivery/carousel.ts'
import { ChunkDelivery } from './delivery/chunk-delivery.ts'
import { type DeliverySettings, deliverySettings } from './delivery/delivery-settings.ts'
import { handleDeviceMessage } from './device-messages.ts'
import { FleetTimeMaker, type TimeSigner } from './fleet-time.ts'
import { Housekeeping, type HousekeepingSettings, housekeepingDefaults } from './housekeeping.ts'
import { LiveCounts } from './live-counts.ts'
import { type BrokerFigures, brokerMetrics } from './metrics.ts'
import { Orchestrator, type OrchestratorSettings, orchestratorDefaults } from './orchestrator/orchestrator.ts'
import { encodedBytesIn } from './orchestrator/transports.ts'
import type { ArtifactStore, Clock, CommandSigner, Log, MqttEvents, OperatorChannel, Random, Store } from './ports.ts'
import { TrustTelling } from './trust-telling.ts'
import { assembleUseCases } from './use-cases/assemble.ts'
import { type CommandTypeDefinition, OperationTypes } from './use-cases/operation-types.ts'
import { isExpired, newPrincipal } from './use-cases/principals.ts'
import type { UseCases } from './use-cases/use-cases.ts'
import { Webhooks } from './webhooks/webhooks.ts'

export interface DroverOptions {
  /** Folder of database and artifacts; made when absent. One process at a time. */
  readonly dataDir: string
  /** Instead of what `dataDir` would hold; stays the caller's to close. */
  readonly store?: Store
  readonly artifacts?: ArtifactStore
  readonly log?: Log
  readonly clock?: Clock
  readonly random?: Random
  /** Clients that are neither devices nor operators: left to the host's own rules (default), or refused. */
  readonly strangers?: AedesSettings['strangers']
  readonly mqtt?: Partial<AedesSettings>
  readonly orchestrator?: Partial<OrchestratorSettings>
  readonly delivery?: Partial<DeliverySettings>
  /** Bytes of the largest bundle that is taken. */
  readonly uploadBytesMax?: number
  /** Signs the commands that the devices' trust document leaves to the broker; without it such operations are refused. */
  readonly signer?: CommandSigner
  /** Operation types beside the built-in ones. */
  readonly operationTypes?: readonly CommandTypeDefinition[]
  readonly webhooks?: Partial<WebhookHttpSettings>
  readonly housekeeping?: Partial<HousekeepingSettings>
  /** Signs certificates of devices; without it none are issued. */
  readonly certificateAuthority?: CertificateAuthority
  /** False: devices come in by certificate alone. */
  readonly devicePasswords?: boolean
  /** Handed on to devices that hold an older document. */
  readonly trust?: TrustChain
  /** Signs the time that offers carry; devices whose trust document has a role `timestamp` take none without it. */
  readonly timeSigner?: TimeSigner
  /** How long such a time is fresh, milliseconds; default one day. */
  readonly timeValidMs?: number
}

export interface Drover {
  readonly useCases: UseCases
  readonly attachment: AedesAttachment
  readonly figures: () => BrokerFigures
  /**
   * The same as a page for Prometheus; its library is loaded with the first page. `around`: of a broker that has the
   * process to itself; then CPU, memory and event loop are on the page, too.
   */
  metrics(around?: () => Pick<BrokerFigures, 'listener' | 'http'>): Promise<MetricsPage>
  /**
   * Makes the first administrator unless there are principals already. `keep` has made his token durable before the
   * principal is: a crash between the two costs a token, never the only way in.
   */
  firstAdministrator(keep: (token: string) => Promise<void>): Promise<void>
  /** Hands these on from now on, to those who are connected as well. Throws TrustNotRenewed. */
  renewTrust(chain: TrustChain): void
  /** Restores the host's hooks, ends the connections of devices and operators, finishes what was begun. */
  close(): Promise<void>
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Rejects with AttachRefused, StoreDamaged, StoreUnavailable; nothing is left open then. */
export async function attach(aedes: Aedes, options: DroverOptions): Promise<Drover> {
  const { log = silent, clock = systemClock, random = systemRandom } = options
  const opened: (() => Promise<void>)[] = []
  let closing: Promise<void> | undefined
  const closeAll = (): Promise<void> => {
    closing ??= closeEach(opened.splice(0).reverse())
    return closing
  }
  try {
    const store = options.store ?? (await LevelStore.open(join(options.dataDir, 'database')))
    if (options.store === undefined) opened.push(() => store.close())
    const bundleBytesMax = options.uploadBytesMax === undefined ? {} : { bundleBytesMax: options.uploadBytesMax }
    const artifacts =
      options.artifacts ?? (await ArtifactFiles.open(join(options.dataDir, 'artifacts'), bundleBytesMax))
    if (options.artifacts === undefined) opened.push(() => artifacts.close())

    const planeSettings = deliverySettings(options.delivery)
    const patches = await openPatches(options.dataDir, artifacts, planeSettings, {
      clock,
      log,
      searchPath: process.env.PATH ?? '',
    })
    if (patches !== undefined) opened.push(() => patches.close())

    const calendar = new CronCalendar()
    const trust = new TrustTelling(options.trust ?? TrustChain.of([]), clock, log)
    opened.push(async () => trust.close())
    const { timeSigner, timeValidMs: validMs = 86_400_000 } = options
    const trustVersion = (): number => trust.toldVersion
    const time = timeSigner && new FleetTimeMaker({ signer: timeSigner, clock, trustVersion, validMs })
    const types = new OperationTypes(store, options.signer, options.operationTypes)
    const post = new WebhookHttp(options.webhooks)
    // The orchestrator speaks before the hooks are in place: what it says to nobody is said again at each hello.
    const channel = new LateChannel()
    let webhooks: Webhooks | undefined
    let attachment: AedesAttachment | undefined
    let throughputOf: (operation: OperationId) => number = () => 0
    const { broadcastDevicesMin, broadcastGatherMs, budgetLabel } = planeSettings
    const orchestrator = await Orchestrator.open(
      {
        store,
        clock,
        random,
        calendar,
        log,
        channel,
        noticed: () => webhooks?.wake(),
        throughputOf: operation => throughputOf(operation),
        encodedBytesOf: encodedBytesIn(artifacts),
        ...(patches === undefined ? {} : { patches: patches.offers }),
        ...(time === undefined ? {} : { fleetTime: () => time.current() }),
      },
      { ...orchestratorDefaults, broadcastDevicesMin, broadcastGatherMs, ...options.orchestrator },
    )
    opened.push(() => orchestrator.close())
    webhooks = await Webhooks.open(store, post, orchestrator.clock, random, log)
    opened.push(() => webhooks?.close() ?? Promise.resolve())
    const housekeeping = Housekeeping.open(store, orchestrator.clock, log, {
      ...housekeepingDefaults,
      ...options.housekeeping,
    })
    opened.push(() => housekeeping.close())
    const delivery = ChunkDelivery.open({
      artifacts,
      clock,
      log,
      mayPull: (device, operation, artifact) => orchestrator.mayPull(device, operation, artifact),
      operationRate: operation => orchestrator.bytesPerSecondOf(operation),
      labelOf: device => orchestrator.labelOf(device, budgetLabel),
      ...(patches === undefined ? {} : { patches: patches.store }),
      ...(options.delivery === undefined ? {} : { settings: options.delivery }),
    })
    opened.push(() => delivery.close())
    throughputOf = operation => delivery.throughputOf(operation)
    const carousel = new Carousel({ artifacts, clock, log, plane: delivery.shared })
    opened.push(() => carousel.stop())
    orchestrator.broadcastBy(carousel)
    const useCases = assembleUseCases({
      store,
      artifacts,
      orchestrator,
      clock: orchestrator.clock,
      random,
      calendar,
      csv,
      log,
      types,
      isOnline: device => orchestrator.isOnline(device),
      throughputOf: operation => throughputOf(operation),
      disconnectOperator: (name, reason) => attachment?.disconnectOperator(name, reason),
      webhookProblem: url => post.problem(url),
      ...(options.certificateAuthority === undefined ? {} : { authority: options.certificateAuthority }),
    })
    const commands = new MqttCommands(useCases, channel, log)
    const who = {
      ...{ store, clock, devicePasswords: options.devicePasswords ?? true },
      tokenUsed: ({ name, tokenSha256 }: Principal): void => {
        useCases
          .principalOfTokenSha256(tokenSha256)
          .catch(err => log.warn({ event: 'use-not-noted', principal: name, err }, 'last use of a token not noted'))
      },
    }
    const events: MqttEvents = {
      authenticate: (_, userName, password, shown) => authenticate(who, userName, password, shown),
      deviceConnected(connection) {
        orchestrator.deviceConnected(connection)
        const { device, certificate } = connection
        if (certificate !== undefined)
          useCases
            .certificateShown(device, certificate)
            .catch(err =>
              log.warn({ event: 'certificate-not-noted', device, err }, 'the one before it goes on to count'),
            )
      },
      deviceDisconnected(connection) {
        orchestrator.deviceDisconnected(connection)
        trust.disconnected(connection)
        delivery.disconnected(connection)
        carousel.disconnected(connection)
      },
      maySubscribe: (connection, session) => carousel.mayHear(connection, session),
      sessionJoined: (connection, session) => carousel.joined(connection, session),
      sessionLeft: (connection, session) => carousel.left(connection, session),
      deviceMessage: (connection, uplink, payload) =>
        handleDeviceMessage(orchestrator, delivery, connection, uplink, payload, {
          greeted: hello => trust.greeted(connection, hello),
          async certificateWanted(csr) {
            const answer = await useCases.renewCertificate(connection.device, connection.certificate, csr)
            connection.publish('offer', [encodeCertificateAnswer(answer)])
          },
        }),
      operatorMessage(principal, verb, payload) {
        // A connection lives longer than the token that opened it; nothing is done for it any more.
        if (!isExpired(principal, clock.now())) return commands.handle(principal, verb, payload)
        attachment?.disconnectOperator(principal.name, 'token-expired')
        return Promise.resolve()
      },
    }
    const mqtt = { strangers: options.strangers ?? 'host', ...options.mqtt } as const
    const attached = await attachAedes(aedes, events, mqtt, { clock, log })
    attachment = attached
    opened.push(() => attached.close())
    channel.open(attached.channel)
    const counts = new LiveCounts()
    orchestrator.live.subscribe(counts)
    const figures = (): BrokerFigures => ({
      orchestrator: orchestrator.figures,
      census: orchestrator.census(),
      live: counts.figures(),
      delivery: delivery.figures(),
      broadcast: carousel.figures(),
      reports: orchestrator.reportFigures(),
      ...(patches === undefined ? {} : { patches: patches.figures() }),
      mqtt: attached.figures(),
      log: { ...store.eventRange(), audited: store.auditHead().number },
      ...(store.figures === undefined ? {} : { store: store.figures() }),
    })
    let metrics: PrometheusMetrics<BrokerFigures> | undefined
    return {
      useCases,
      attachment: attached,
      figures,
      async metrics(around) {
        const library = await import('./adapters/metrics.ts')
        metrics ??= new library.PrometheusMetrics(brokerMetrics, { process: around !== undefined })
        return metrics.page(() => ({ ...figures(), ...around?.() }))
      },
      firstAdministrator: keep => firstAdministrator(store, clock, random, keep),
      renewTrust: chain => trust.renew(chain),
      close: closeAll,
    }
  } catch (error) {
    // What failed first is what the caller must hear of.
    await closeAll().catch(closeError => log.error({ event: 'close-failed', err: closeError }, 'closing failed'))
    throw error
  }
}

/** Each once, even when another fails; then the first failure. */
async function closeEach(closes: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closes) await close().catch(error => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

async function firstAdministrator(
  store: Store,
  clock: Clock,
  random: Random,
  keep: (token: string) => Promise<void>,
): Promise<void> {
  if ((await store.principals()).length > 0) return
  const { principal, token } = newPrincipal(clock, random, principalName('admin'), 'admin')
  await keep(token)
  await store.commit([{ kind: 'put-principal', principal }])
}

/** A channel that says nothing until the way out is there. */
class LateChannel implements OperatorChannel {
  #channel: OperatorChannel | undefined

  open(channel: OperatorChannel): void {
    this.#channel = channel
  }

  publish(topic: string, message: object): void {
    this.#channel?.publish(topic, message)
  }

  hasReaders(topic: string): boolean {
    return this.#channel?.hasReaders?.(topic) ?? false
  }
}
