// Every fault by its real condition: all at once on one broker, in one operation with one good image, and each sensor ends as
// fault-expectations.ts says.
import t from 'tap'
import { faultNames } from '../../../simulator/fleet/fault-names.ts'
import { goodBundle, SensorStage, type SensorWishes } from './sensor-stage.ts'

t.test('with a restart and without: every fault ends as it has to', async t => {
  const stage = await SensorStage.open(t)
  const kinds = [true, false].map(reboot => {
    const name = reboot ? 'restarting' : 'going on'
    const profile = { components: [{ name: 'main', version: '1.0.0', imageBytes: 20_000, reboot }] }
    const wishes: SensorWishes[] = [undefined, ...faultNames].map(fault => ({
      id: `${name.slice(0, 5)}-${fault ?? 'good'}`,
      ...(fault === undefined ? {} : { fault }),
      profile,
    }))
    // One artifact for each: they would be the same release otherwise.
    return { name, reboot, wishes, bundle: goodBundle(reboot ? '2.0.0' : '3.0.0', 60_000, reboot) }
  })
  await stage.started(kinds.flatMap(({ wishes }) => wishes))
  await Promise.all(
    kinds.map(async ({ name, reboot, wishes, bundle }) => {
      const ids = wishes.map(({ id }) => id)
      const codes = await stage.update(bundle, ids)
      for (const wish of wishes) {
        const { codes: right, updated } = stage.expected(wish, reboot)
        const code = codes.get(wish.id) ?? ''
        t.ok(right.includes(code), `${name}: ${wish.id}: ${right.join(' or ')}, got ${code}`)
        const versions = Object.values(stage.sensors.get(wish.id)?.versions ?? {})
        t.equal(versions.includes(bundle.manifest.version), updated, `${name}: ${wish.id}: runs ${versions.join()}`)
        if (!right.includes(code)) t.comment(stage.whatOf(wish.id).join(' · '))
      }
    }),
  )
  const done = (fault: string): boolean =>
    ['resta', 'going'].some(name => stage.whatOf(`${name}-${fault}`).includes('faulted'))
  const byChance = ['drop', 'duplicate', 'delay', 'corrupt-chunk', 'flapping', 'lying']
  for (const fault of byChance) t.ok(done(fault), `${fault}: it has really been done`)
})
