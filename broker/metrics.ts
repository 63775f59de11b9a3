// What the broker counts, as those who watch it read it: one row a metric. The names are a promise to dashboards and
// alarms; docs/OPERATING.md explains them. No label has the name of a device, an operation or a principal in it, so the
// number of series is bounded whatever the fleet does.
import { type ExecutionStep, endedStates, type OperationState } from './core/records.ts'
import { type Proof, reportProblems } from './core/report-facts.ts'
import type { CarouselFigures } from './delivery/carousel.ts'
import type { DeliveryFigures } from './delivery/chunk-delivery.ts'
import type { PatchFigures } from './delivery/patch-desk.ts'
import type { LiveFigures } from './live-counts.ts'
import type { Census } from './orchestrator/census.ts'
import type { ReportFigures } from './orchestrator/report-judge.ts'
import type { Metric, StoreFigures } from './ports.ts'

type Counts = Readonly<Record<string, number>>

/** Counters grow from the start of the process; gauges are of now. */
export interface BrokerFigures {
  readonly orchestrator: { readonly running: number; readonly inProgress: number; readonly waiting: number }
  readonly census: Census
  readonly live: LiveFigures
  readonly delivery: DeliveryFigures
  readonly broadcast: CarouselFigures
  readonly reports?: ReportFigures
  /** Absent: the artifacts are not files, so no patches are made. */
  readonly patches?: PatchFigures
  readonly mqtt: {
    readonly connections: Counts
    readonly refused: Counts
    readonly closed: Counts
    readonly undrainedBytes: number
    readonly connecting: number
  }
  /** Absent: the store does not count. */
  readonly store?: StoreFigures
  /** Numbers of the newest record and, of events, of the oldest that is kept. */
  readonly log: { readonly newest: number; readonly oldest: number; readonly audited: number }
  /** What stands around a broker of its own; absent in a host's Aedes. */
  readonly listener?: { readonly connections: number; readonly refused: Counts }
  readonly http?: { readonly requestsTotal: Counts }
}

const states: readonly OperationState[] = ['awaiting-approval', 'scheduled', 'pending', 'running', 'paused', 'stopping']
const stepsInProgress: readonly ExecutionStep[] = [
  'offered',
  'downloading',
  'verifying',
  'awaiting-install',
  'installing',
  'rebooting',
  'confirming',
  'withdrawing',
]

const reportVerdicts: readonly Proof[] = ['signed', ...reportProblems]

const counter = (
  name: string,
  help: string,
  of: Metric<BrokerFigures>['of'],
  label?: string,
): Metric<BrokerFigures> => ({ name, help, kind: 'counter', of, ...(label === undefined ? {} : { label }) })
const gauge = (name: string, help: string, of: Metric<BrokerFigures>['of'], label?: string): Metric<BrokerFigures> => ({
  name,
  help,
  kind: 'gauge',
  of,
  ...(label === undefined ? {} : { label }),
})

export const brokerMetrics: readonly Metric<BrokerFigures>[] = [
  gauge(
    'drover_operations',
    'Operations that have not ended.',
    ({ census }) => known(states, census.operations),
    'state',
  ),
  counter(
    'drover_operations_ended_total',
    'Operations that have ended.',
    ({ live }) => known(endedStates, live.endedTotal),
    'state',
  ),
  gauge(
    'drover_executions_in_progress',
    'Executions in progress: devices that have an offer.',
    ({ census }) => known(stepsInProgress, census.steps),
    'step',
  ),
  gauge(
    'drover_executions_pending',
    'Executions of running operations that wait for their turn.',
    f => f.census.pending,
  ),
  counter('drover_events_total', 'Events written into the log.', ({ live }) => bounded(live.eventsTotal), 'code'),
  counter(
    'drover_device_reports_total',
    'Successes that had to be signed: signed, or why they were not believed.',
    ({ reports }) => reports && known(reportVerdicts, reports.verdictsTotal),
    'verdict',
  ),
  counter(
    'drover_report_keys_refused_total',
    'Report keys that devices said and that were not taken: another one is kept, or it is none.',
    ({ reports }) => reports && known(['another', 'unusable'], reports.keysRefusedTotal),
    'reason',
  ),
  gauge('drover_inbox_tasks', 'Messages and commands that wait for the orchestrator.', f => f.orchestrator.waiting),

  counter('drover_delivery_bytes_total', 'Bytes written in answer to chunk requests.', f => f.delivery.bytesTotal),
  gauge(
    'drover_delivery_bytes_per_second',
    'Bytes a second of answers and broadcasts, over the last ten seconds.',
    f => f.delivery.bytesPerSecond,
  ),
  counter('drover_delivery_pieces_total', 'Packets written in answer to chunk requests.', f => f.delivery.piecesTotal),
  counter('drover_delivery_chunks_total', 'Chunks begun for one device.', f => f.delivery.chunksTotal),
  counter('drover_delivery_requests_total', 'Requests of devices, one a window.', f => f.delivery.requestsTotal),
  counter(
    'drover_delivery_refusals_total',
    'Requests refused.',
    ({ delivery }) => bounded(delivery.refusalsTotal),
    'reason',
  ),
  counter(
    'drover_delivery_refusals_dropped_total',
    'Refusals that were not sent because the socket was full.',
    f => f.delivery.refusalsDroppedTotal,
  ),
  counter(
    'drover_delivery_cache_hits_total',
    'Chunks begun without waiting for the disk.',
    f => f.delivery.cacheHitsTotal,
  ),
  counter('drover_delivery_reads_total', 'Chunks read from the disk.', f => f.delivery.readsTotal),
  counter(
    'drover_delivery_stalls_total',
    'Connections closed because the device did not read what it had asked for.',
    f => f.delivery.stallsTotal,
  ),
  gauge(
    'drover_delivery_devices',
    'Devices that may ask for chunks: connected, hello said.',
    f => f.delivery.linesCount,
  ),
  gauge('drover_delivery_queued_requests', 'Requests that are being answered or wait.', f => f.delivery.queuedRequests),
  gauge('drover_delivery_queued_chunks', 'Chunks asked for and not sent yet.', f => f.delivery.queuedChunks),
  gauge(
    'drover_delivery_undrained_bytes',
    'Bytes in the sockets of devices that the kernel has not taken.',
    f => f.delivery.undrainedBytes,
  ),
  gauge('drover_delivery_cache_bytes', 'Bytes of chunks kept in memory.', f => f.delivery.hotBytes),
  gauge('drover_budgets', 'Byte budgets in use.', f => f.delivery.budgets.buckets),
  counter('drover_budget_waits_total', 'Times somebody waited for a byte budget.', f => f.delivery.budgets.waitsTotal),
  counter(
    'drover_budget_waited_seconds_total',
    'Seconds spent waiting for byte budgets, of all who waited together.',
    f => f.delivery.budgets.waitedMsTotal / 1000,
  ),
  counter(
    'drover_budget_refusals_total',
    'Requests refused because the wait for a byte budget would be too long.',
    f => f.delivery.budgets.refusalsTotal,
  ),

  gauge('drover_broadcast_sessions', 'Broadcast sessions that are open.', f => f.broadcast.sessions),
  gauge('drover_broadcast_members', 'Devices that listen to a broadcast session.', f => f.broadcast.members),
  counter('drover_broadcast_bytes_total', 'Bytes written to members, all together.', f => f.broadcast.bytesTotal),
  counter('drover_broadcast_batches_total', 'Batches made, once for all members.', f => f.broadcast.batchesTotal),
  counter('drover_broadcast_chunks_total', 'Chunks broadcast, each counted once.', f => f.broadcast.chunksTotal),
  counter(
    'drover_broadcast_skips_total',
    'Batches not written to a member whose socket was full or whose budget was used up.',
    f => f.broadcast.skipsTotal,
  ),

  counter('drover_patches_made_total', 'Patches made.', f => f.patches?.madeTotal),
  counter(
    'drover_patches_useless_total',
    'Pairs of images whose patch would have saved next to nothing.',
    f => f.patches?.uselessTotal,
  ),
  counter('drover_patches_failed_total', 'Patches that could not be made.', f => f.patches?.failedTotal),
  counter('drover_patch_offers_total', 'Offers that named a patch.', f => f.patches?.hitsTotal),
  gauge('drover_patches', 'Patches kept.', f => f.patches?.patchesCount),
  gauge('drover_patch_bytes', 'Bytes of patches kept.', f => f.patches?.patchBytes),
  gauge(
    'drover_patches_queued',
    'Pairs of images that wait to be measured or for their patch.',
    f => f.patches?.queuedCount,
  ),

  gauge('drover_mqtt_connections', 'MQTT connections.', ({ mqtt }) => bounded(mqtt.connections), 'party'),
  gauge('drover_mqtt_connecting', 'Client ids whose connect is under way.', f => f.mqtt.connecting),
  counter(
    'drover_mqtt_refusals_total',
    'Connects and filters refused, and messages for operators dropped.',
    ({ mqtt }) => bounded(mqtt.refused),
    'reason',
  ),
  counter(
    'drover_mqtt_closed_total',
    'Connections closed by the broker.',
    ({ mqtt }) => bounded(mqtt.closed),
    'reason',
  ),
  gauge(
    'drover_mqtt_undrained_bytes',
    'Bytes in all MQTT sockets that the kernel has not taken.',
    f => f.mqtt.undrainedBytes,
  ),
  gauge('drover_listener_connections', 'Open sockets of the MQTT listener.', f => f.listener?.connections),
  counter(
    'drover_listener_refusals_total',
    'Sockets the MQTT listener closed at once.',
    ({ listener }) => listener && bounded(listener.refused),
    'reason',
  ),
  counter(
    'drover_http_requests_total',
    'HTTP requests answered, by the first digit of the status.',
    ({ http }) => http && bounded(http.requestsTotal),
    'status',
  ),

  counter('drover_store_commits_total', 'Batches that are durable.', f => f.store?.commitsTotal),
  counter('drover_store_failures_total', 'Batches the store refused or could not write.', f => f.store?.failedTotal),
  counter('drover_store_writes_total', 'Writes with one fsync each, shared by batches.', f => f.store?.writesTotal),
  counter(
    'drover_store_write_seconds_total',
    'Seconds spent in these writes, fsync included.',
    f => f.store && f.store.writeMsTotal / 1000,
  ),
  gauge(
    'drover_store_waiting_bytes',
    'Bytes of batches that wait for the write under way.',
    f => f.store?.waitingBytes,
  ),
  gauge(
    'drover_store_events',
    'Events in the log: trimmed ones are left out.',
    ({ log }) => log.newest - log.oldest + 1,
  ),
  gauge('drover_audit_records', 'Records in the audit chain.', ({ log }) => log.audited),
]

/** Every known word, with 0 where nothing was counted: an alarm on a missing series never rings. */
function known<Word extends string>(
  words: readonly Word[],
  counts: Readonly<Partial<Record<Word, number>>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(words.map(word => [word, counts[word] ?? 0]))
}

/** Words that would be too many, or no words at all, are counted under `other`. */
const wordsMax = 100

function bounded(counts: Readonly<Partial<Record<string, number>>>): Readonly<Record<string, number>> {
  const kept: Record<string, number> = {}
  for (const [word, count = 0] of Object.entries(counts)) {
    const isWord = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/.test(word) && Object.keys(kept).length < wordsMax
    const name = isWord ? word : 'other'
    kept[name] = (kept[name] ?? 0) + count
  }
  return kept
}
