// The broker dies by SIGKILL again and again in the middle of an operation. It goes on by itself each time; what it had
// acknowledged is there, once; never more devices were in progress than the limit. A start costs a second or two of
// processor time: eight deaths here, twenty with DROVER_LONG=1; test/simulator/histories/history.test.ts has thousands, in virtual time.
import { randomInt } from 'node:crypto'
import t from 'tap'
import type { EventListing, ExecutionView, Listing, OperationView } from '../../proto/http-api.ts'
import { makeBundle } from '../fixtures/bundle.ts'
import { long } from '../fixtures/cases.ts'
import { LightDevice } from './light-device.ts'
import { call, startBroker, untilValue } from './process.ts'

const kills = long ? 20 : 8
const limit = 3
const deviceCount = long ? 18 : 12
/** Every sixth device fails. */
const failures = deviceCount / 6

t.test(
  `killed ${kills} times: every operation ends, nothing acknowledged is lost or doubled, the limit holds`,
  { timeout: 110_000 },
  async t => {
    const folder = t.testdir()
    let broker = await startBroker(folder)
    const ports = { mqttPort: broker.mqttPort, httpPort: broker.httpPort }
    const bundle = makeBundle({ image: Buffer.from('#!/bin/sh\n'.repeat(100)), version: '2.0.0', component: 'main' })
    await call(broker, 'POST', '/v1/artifacts', bundle.bytes)
    const target = { version: '2.0.0', digest: bundle.manifest.installedSha256 }
    const fleet: LightDevice[] = []
    for (let number = 1; number <= deviceCount; number += 1) {
      const id = `sensor-${number}`
      const { secret } = await call<{ secret: string }>(broker, 'POST', '/v1/devices/enroll', { device: id })
      const failure = number % 6 === 0 ? ({ failure: 'UPD4_FAIL_33' } as const) : {}
      fleet.push(new LightDevice({ id, secret, mqttPort: ports.mqttPort, target, stepMs: 200, ...failure }))
    }
    t.teardown(async () => {
      await Promise.all(fleet.map(device => device.stop()))
      await broker.kill()
    })
    let busyMost = 0
    const watch = setInterval(() => {
      busyMost = Math.max(busyMost, fleet.filter(device => device.busy).length)
    }, 2)
    t.teardown(() => clearInterval(watch))
    for (const device of fleet) device.start()
    await untilValue(async () => {
      const { data } = await call<Listing<{ state: string }>>(broker, 'GET', '/v1/devices?limit=100')
      return data.length === deviceCount ? data : undefined
    })
    const { id } = await call<OperationView>(broker, 'POST', '/v1/operations', {
      type: 'firmware-update',
      release: 'main@2.0.0',
      targets: { all: true },
      policy: { concurrency: limit },
    })
    let killed = 0
    let inProgressMost = 0
    let operation: OperationView | undefined
    while (operation?.completedAt == null) {
      await new Promise(resolve => setTimeout(resolve, randomInt(20, 260)))
      operation = await call<OperationView>(broker, 'GET', `/v1/operations/${id}`)
      inProgressMost = Math.max(inProgressMost, operation.counts.inProgress)
      if (killed >= kills || operation.completedAt !== null) continue
      await broker.kill()
      killed += 1
      broker = await startBroker(folder, ports)
    }
    t.comment(`${killed} kills, ${inProgressMost} in progress at most as told, ${busyMost} as the devices saw it`)
    t.equal(killed, kills, 'the broker was killed as often as promised while the operation ran')
    t.ok(inProgressMost <= limit, 'the broker never counts more in progress than the limit')
    t.ok(busyMost <= limit, 'never more devices at work than the limit')
    t.match(operation, {
      state: 'completed',
      sensors: deviceCount,
      updated: deviceCount - failures,
      errors: failures,
      counts: { inProgress: 0 },
    })

    const events: EventListing['data'] = []
    for (let after = '', more = true; more; ) {
      const page = await call<EventListing>(broker, 'GET', `/v3/device-events?order=ASC&limit=1000${after}`)
      events.push(...page.data)
      more = page.has_more
      after = `&after=${page.data.at(-1)?.id}`
    }
    const { data: executions } = await call<Listing<ExecutionView>>(
      broker,
      'GET',
      `/v1/operations/${id}/executions?limit=100`,
    )
    for (const [index, device] of fleet.entries()) {
      const name = `sensor-${index + 1}`
      for (const { code } of device.acknowledged) {
        const stored = events.filter(event => event.device_id === name && event.event_type === code)
        t.equal(stored.length, 1, `${name}: ${code} was acknowledged and is stored once`)
      }
      const endings = events.filter(
        event => event.device_id === name && event.data.campaign_id === id && 'state' in event.changes,
      )
      t.equal(endings.length, 1, `${name} ended once: ${endings.map(event => event.event_type).join(', ')}`)
      t.equal(
        executions.filter(execution => execution.device === name && execution.code === endings[0]?.event_type).length,
        1,
      )
    }
  },
)
