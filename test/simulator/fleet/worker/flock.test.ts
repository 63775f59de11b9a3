// What a worker counts of its sensors, and how connections that end are told apart.
import t from 'tap'
import { deviceId } from '../../../../proto/ids.ts'
import type { Sensor, SensorPlan } from '../../../../simulator/fleet/plan.ts'
import { defaultProfile } from '../../../../simulator/fleet/profile-file.ts'
import { Flock } from '../../../../simulator/fleet/worker/flock.ts'

t.test('what is counted of the sensors of a process', async t => {
  let nowMs = 1000
  const flock = new Flock(2, () => nowMs)
  const versions = { main: '1.0.0' }
  const plan = (number: number): SensorPlan => ({
    ...{
      device: deviceId(`d-${number}`),
      secret: '',
      profile: { ...defaultProfile, telemetry: { qos: 1, everyMs: 1, payloadBytes: 1 } },
    },
    ...{ fault: undefined, seed: 1 },
  })
  const sensor = (number: number): Sensor => ({ plan: plan(number), versions, start() {}, async stop() {} })
  for (const number of [0, 1]) flock.enlist(plan(number), () => sensor(number))
  t.throws(() => flock.enlist(plan(2), () => sensor(2)), RangeError)
  flock.aim({ component: 'main', version: '2.0.0' })
  const [one, other] = [plan(0).device, plan(1).device]
  flock.connected(one, 5)
  t.equal(flock.take().latencies.connect, undefined, 'it was warming up')
  flock.countsFromMs = 2000
  nowMs = 2000
  flock.connected(other, 7)
  flock.moved(one, 100, 10)
  flock.telemetry(one, undefined)
  flock.telemetry(one, 3)
  flock.offered(one)
  nowMs = 2040
  flock.stepped(one, 'o', 'downloading')
  const first = flock.take()
  t.strictSame(first.now, { offline: 0, idle: 1, waiting: 0, downloading: 1, installing: 0, succeeded: 0, failed: 0 })
  t.match(first, {
    everConnected: 2,
    reconnects: 0,
    downBytes: 100,
    upBytes: 10,
    telemetrySent: 1,
    telemetryAsked: 1,
    telemetryAcknowledged: 1,
  })
  t.equal(first.latencies.offerToStart?.max, 40)
  nowMs = 2140
  flock.stepped(one, 'o', 'verifying')
  flock.stepped(one, 'o', 'rebooting')
  flock.disconnected(one, 'restart 17')
  t.equal(flock.take().now.installing, 1, 'an update goes on while the device is away')
  flock.connected(one, 9)
  t.equal(flock.take().now.installing, 1, 'back, and the old version runs')
  versions.main = '2.0.0'
  flock.connected(one, 9)
  flock.coded(other, 'o', 'UPD4_FAIL_23')
  const last = flock.take()
  t.strictSame([last.now.succeeded, last.now.failed, last.reconnects], [1, 1, 2])
  t.strictSame(last.codes, { UPD4_FAIL_23: 1 })
  t.equal(flock.take().downBytes, 0, 'told once')
  const [figures] = flock.results()
  t.match(figures, {
    device: one,
    version: '2.0.0',
    connectMs: 5,
    offerToStartMs: 40,
    downloadMs: 100,
    downBytes: 100,
    reconnects: 2,
  })
  t.equal(flock.connectedCount, 2)
})

t.test('connections that end are counted by reason, numbers in it aside, and not once the end is wanted', async t => {
  const flock = new Flock(1, () => 0)
  const plan: SensorPlan = { device: deviceId('d'), secret: '', profile: defaultProfile, fault: undefined, seed: 1 }
  flock.enlist(plan, () => ({ plan, versions: {}, start() {}, async stop() {} }))
  flock.disconnected(plan.device, 'port 17')
  flock.disconnected(plan.device, 'port 18')
  t.strictSame(flock.take().disconnects, { 'port #': 2 })
  for (let many = 0; many < 100; many += 1) flock.disconnected(plan.device, 'x'.repeat(many))
  t.ok(Object.keys(flock.take().disconnects).length <= 20)
  flock.closing()
  flock.disconnected(plan.device, 'port 19')
  t.strictSame(flock.take().disconnects, {})
})
