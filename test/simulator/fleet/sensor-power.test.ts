// The power goes at each step of an update, as it is being saved, when it is saved, and a moment later: the update succeeds
// all the same, and what runs then is, byte by byte, the image that was signed.
import { createHash } from 'node:crypto'
import t from 'tap'
import type { FaultName } from '../../../simulator/fleet/fault-names.ts'
import { MemoryJournal } from '../../../simulator/fleet/sensor/memory-journal.ts'
import { goodBundle, SensorStage } from './sensor-stage.ts'

const steps = ['accepted', 'downloading', 'verifying', 'installing', 'rebooting', 'confirming'] as const
const seeds = [1, 2, 3, 4, 5, 6]

t.test('a power cut at every step, at every moment of it', async t => {
  const stage = await SensorStage.open(t)
  const components = [{ name: 'main', version: '1.0.0', imageBytes: 20_000, reboot: true }]
  const wishes = steps.flatMap(step =>
    seeds.map(seed => ({
      ...{ id: `${step}-${seed}`, seed, profile: { components } },
      fault: `power-cut-${step}` as FaultName,
    })),
  )
  await stage.started(wishes)
  const bundle = goodBundle()
  const ids = wishes.map(({ id }) => id)
  const codes = await stage.update(bundle, ids)
  for (const id of ids) {
    t.equal(codes.get(id), 'SYS_112', id)
    t.equal(stage.whatOf(id).filter(what => what === 'faulted').length, 1, `${id}: the power went, once`)
    t.ok(stage.whatOf(id).includes('disconnected: power cut') || !id.startsWith('downloading'), `${id}: without a word`)
    const { components: reported } = await stage.call<{ components: { digest: string; version: string }[] }>(
      'GET',
      `/v1/devices/${id}`,
    )
    t.strictSame(reported, [{ name: 'main', version: '2.0.0', digest: bundle.manifest.installedSha256 }], id)
    t.strictSame(stage.sensors.get(id)?.versions, { main: '2.0.0' }, id)
  }
})

t.test('a save that is under way when the power goes has happened or has not; one that was answered has', async t => {
  const results = new Set<string>()
  for (let number = 0; number < 40; number += 1) {
    const journal = new MemoryJournal('ab'.repeat(8))
    const power = { on: true }
    const port = journal.port(power)
    const event = (eventNumber: number) => ({
      ...{ journalId: 'ab'.repeat(8), eventNumber, deviceTime: 0, data: {} },
      content: { kind: 'step', step: 'downloading' } as const,
    })
    await port.save({ events: [event(1)] })
    let answered = 0
    void port.save({ events: [event(2)] }).then(() => (answered += 1))
    void port.save({ events: [event(3)] }).then(() => (answered += 1))
    power.on = false
    let draw = 0
    const fraction = (): number => (createHash('sha256').update(`${number} ${draw++}`).digest()[0] as number) / 256
    journal.cut(fraction)
    await new Promise(resolve => setImmediate(resolve))
    t.equal(answered, 0, 'a program without power hears of nothing')
    results.add((await journal.port({ on: true }).read()).outbox.map(({ eventNumber }) => eventNumber).join())
  }
  t.strictSame([...results].sort(), ['1', '1,2', '1,2,3'], 'in their order, and never without the first')
})
