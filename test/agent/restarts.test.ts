// A device that has to go down as a whole for a new image: it refuses, it does not do it, or nobody is there any more to ask.
import t from 'tap'
import type { AgentPorts } from '../../agent/ports.ts'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import { imageOf, releaseOf } from './fakes/release.ts'
import { newer } from './fakes/story.ts'

/** Restarted as a whole, by `reboot`: what it answers, and how often it was asked. */
class WholeDevice extends FakeDevice {
  asked = 0
  answer: () => Promise<string | undefined> = async () => undefined

  override equipment = (alive: () => boolean): Partial<AgentPorts> => ({
    installers: this.disk.ports(alive).installers.map(installer => ({ ...installer, restart: 'device' as const })),
    reboot: {
      restart: () => {},
      device: async () => {
        this.asked += 1
        return this.answer()
      },
    },
  })
}

async function offered(device: WholeDevice): Promise<void> {
  await device.start()
  await device.run(0)
  device.broker.sendOffer(newer)
  await device.run(30_000)
}

t.test('a device that was asked and does not go down gives the image up, and takes another one', async t => {
  const device = new WholeDevice()
  await offered(device)
  t.equal(device.asked, 1)
  t.strictSame(device.broker.codes(), [], 'it has some minutes')
  await device.run(5 * 60_000)
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_40'])
  t.match([...device.broker.events.values()].at(-1)?.data, { reason: 'not-restarted' })
  t.equal(device.disk.of('main').trial, undefined)
  await device.run(30 * 60_000)
  t.equal(device.asked, 1, 'of what was given up nothing is asked again')
  device.broker.sendOffer(releaseOf(imageOf('three', 20_000), { version: '3.0.0' }), operationTwo)
  await device.run(30_000)
  t.equal(device.asked, 2, 'it is free for another one')
  await device.stop()
})

t.test('a device that refuses says why', async t => {
  const device = new WholeDevice()
  device.answer = async () => 'reboot-exit-1'
  await offered(device)
  t.match([...device.broker.events.values()].at(-1), {
    content: { code: 'UPD4_FAIL_40' },
    data: { reason: 'reboot-exit-1' },
  })
  await device.stop()
})

t.test('a roll-back that cannot be started is asked for again, until the agent ends', async t => {
  const device = new WholeDevice()
  await offered(device)
  device.cutPower()
  device.health = () => ({ healthy: false, reason: 'exit-1' })
  device.answer = async () => 'reboot-exit-1'
  await device.start()
  await device.run(0)
  t.equal(device.asked, 2)
  await device.run(3 * 60_000)
  t.equal(device.asked, 5, 'each minute')
  t.match(device.broker.hellos.at(-1), { operation: operationOne }, 'the line is open: people can reach it')
  t.strictSame(device.broker.codes(), [], 'and nothing is claimed')
  await device.stop()
  await device.run(10 * 60_000)
  t.equal(device.asked, 5, 'an agent that was stopped restarts no device')
})
