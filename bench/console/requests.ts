// The requests of the console's pages, one after another: time to the whole answer, its size, and the longest time the
// broker's event loop was held while one of them was under way.
import type { BrokerProcess } from '../engine/broker-process.ts'
import { median, type Print, percentile } from '../engine/printing.ts'
import type { Filled } from './filling.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { ConsoleSettings } from './settings.ts'

const warmUp = 3

interface Request {
  readonly name: string
  readonly path: string
  /** Gone through to its last page: what one look at the screen needs when little matches. */
  readonly toTheEnd?: true
  readonly body?: object
}

const filter = (text: string): string => encodeURIComponent(text)

function requestsOf({ running, device }: Filled): readonly Request[] {
  return [
    { name: 'operations', path: '/v1/operations?limit=50' },
    { name: 'operations_failed', path: '/v1/operations?limit=50&status=Failed' },
    { name: 'operations_no_match', path: '/v1/operations?limit=50&type=reboot' },
    { name: 'operation', path: `/v1/operations/${running}` },
    { name: 'executions', path: `/v1/operations/${running}/executions?limit=50` },
    { name: 'executions_in_progress', path: `/v1/operations/${running}/executions?limit=50&state=in-progress` },
    { name: 'explain', path: `/v1/operations/${running}/explain/${device}` },
    { name: 'devices', path: '/v1/devices?limit=50' },
    { name: 'devices_by_group', path: `/v1/devices?limit=50&filter=${filter('group=hall-7')}` },
    {
      name: 'devices_search_no_match',
      path: `/v1/devices?limit=50&filter=${filter('id__like=*nobody*')}`,
      toTheEnd: true,
    },
    {
      name: 'devices_of_other_version',
      path: `/v1/devices?limit=50&filter=${filter('component=main&version__neq=1.0.0')}`,
      toTheEnd: true,
    },
    {
      name: 'who_still_runs',
      path: `/v1/devices?limit=1000&filter=${filter('component=main&version=0.9.0')}`,
      toTheEnd: true,
    },
    { name: 'device', path: `/v1/devices/${device}` },
    { name: 'device_operations', path: `/v1/devices/${device}/operations?limit=50` },
    { name: 'device_operations_to_the_end', path: '/v1/devices/nobody/operations?limit=50', toTheEnd: true },
    {
      name: 'device_configuration',
      path: `/v1/devices/${device}/operations?limit=50&type=config-change,config-restore`,
    },
    { name: 'events', path: '/v3/device-events?limit=50' },
    { name: 'events_failed', path: '/v3/device-events?limit=50&event_type_description=FAIL' },
    { name: 'events_of_device', path: `/v3/device-events?limit=50&device_id=${device}` },
    { name: 'fleet', path: '/v1/fleet' },
    { name: 'fleet_failures_day', path: '/v1/fleet/failures?hours=24' },
    { name: 'fleet_failures_week', path: '/v1/fleet/failures?hours=168' },
    { name: 'releases', path: '/v1/releases?limit=50' },
    { name: 'audit', path: '/v1/audit?limit=50' },
    { name: 'audit_verification', path: '/v1/audit/verification' },
    {
      name: 'plan',
      path: '/v1/operations/plan',
      body: { type: 'firmware-update', release: 'main@2.0.0', targets: { all: true } },
    },
  ]
}

export async function measureRequests(
  broker: BrokerProcess,
  delay: LoopDelay,
  filled: Filled,
  { reads }: ConsoleSettings,
  print: Print,
): Promise<void> {
  // The first of all requests finds nothing counted and code that was never run: that is told by itself.
  for (const request of requestsOf(filled).filter(({ name }) => /^(fleet|audit_v|who)/.test(name))) {
    const { name } = request
    await delay.worst()
    const { ms } = await ask(broker, request)
    print(`${name}_first_ms`, ms, 'ms')
    const { delayMs, heldMs } = await delay.worst()
    print(`${name}_first_loop_ms`, delayMs, 'ms')
    print(`${name}_first_held_ms`, heldMs, 'ms')
  }
  let worst = { delayMs: 0, heldMs: 0 }
  for (const request of requestsOf(filled)) {
    const times: number[] = []
    let bytes = 0
    for (let read = -Math.min(warmUp, reads); read < reads; read += 1) {
      if (read === 0) await delay.worst()
      const answer = await ask(broker, request)
      bytes = answer.bytes
      if (read >= 0) times.push(answer.ms)
    }
    const { delayMs, heldMs } = await delay.worst()
    worst = { delayMs: Math.max(worst.delayMs, delayMs), heldMs: Math.max(worst.heldMs, heldMs) }
    print(`${request.name}_ms`, median(times), 'ms')
    print(`${request.name}_p99_ms`, percentile(times, 0.99), 'ms')
    print(`${request.name}_loop_ms`, delayMs, 'ms')
    print(`${request.name}_held_ms`, heldMs, 'ms')
    print(`${request.name}_kb`, bytes / 1000, 'kB')
  }
  print('worst_loop_ms', worst.delayMs, 'ms')
  print('worst_held_ms', worst.heldMs, 'ms')
}

async function ask(broker: BrokerProcess, request: Request): Promise<{ readonly ms: number; readonly bytes: number }> {
  const started = performance.now()
  let bytes = 0
  for (let after: string | undefined; ; ) {
    const path = after === undefined ? request.path : `${request.path}&after=${after}`
    const response = await broker.request(request.body === undefined ? 'GET' : 'POST', path, request.body)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`)
    bytes += text.length
    if (request.toTheEnd === undefined) break
    const { has_more: hasMore, next } = JSON.parse(text) as { readonly has_more: boolean; readonly next?: string }
    if (!hasMore || next === undefined) break
    after = next
  }
  return { ms: performance.now() - started, bytes }
}
