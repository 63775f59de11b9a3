// What a command finds after a power cut: the world may have moved on. Cuts at every moment are in command-cuts.test.ts.
import t from 'tap'
import { operationOne } from './fakes/broker.ts'
import { type Equipped, ends, equipped, sha256, text } from './fakes/orders.ts'
import { commandOf } from './fakes/release.ts'
import { day } from './fakes/story.ts'

const change = { format: 'merge-patch', patch: { interval: 30 } }
const after = JSON.stringify({ ...JSON.parse(text), interval: 30 }, null, 2)

/** A config-change, good for one day, cut when it is saved as `acting`, or when the configuration has been replaced. */
async function cutAt(moment: 'acting' | 'configuration'): Promise<Equipped> {
  const at = await equipped()
  const { device, configuration } = at
  const cut = (what: string): void => {
    if (what === moment || (moment === 'acting' && device.disk.durable.memory?.command?.kind === 'acting'))
      device.cutPower()
  }
  device.disk.onDurable = cut
  configuration.onDurable = cut
  const expiresAt = device.clock.wallMs() + day
  device.broker.sendCommand(commandOf('config-change', change, operationOne, { expiresAt }), 'config-change')
  await device.run()
  device.disk.onDurable = () => {}
  configuration.onDurable = () => {}
  return at
}

async function resumed({ device }: Equipped): Promise<readonly string[]> {
  await device.start()
  await device.run()
  return device.broker.told()
}

t.test('a change that was made before the cut is done, whatever expired meanwhile', async t => {
  const at = await cutAt('configuration')
  await at.device.clock.advance(2 * day)
  t.strictSame(await resumed(at), ['done'])
  t.match(at.device.broker.lastData(), { configuration_digest: sha256(`${after}\n`), diff: /interval/ })
  t.equal(at.configuration.replaced, 1)
  await ends(t, at)
})

t.test('one that was not made is validated again: expired meanwhile, it is refused and nothing is changed', async t => {
  const at = await cutAt('acting')
  await at.device.clock.advance(2 * day)
  t.strictSame(await resumed(at), ['UPD4_FAIL_23'])
  t.equal(at.device.broker.lastData()?.reason, 'expired')
  t.equal(at.configuration.text, text)
  await ends(t, at)
})

t.test('a configuration that somebody else changed meanwhile is not written over', async t => {
  const at = await cutAt('acting')
  at.configuration.content = Buffer.from('{"interval":1}')
  t.strictSame(await resumed(at), ['failed'])
  t.match(at.device.broker.lastData(), { reason: 'changed-meanwhile', configuration_digest: sha256('{"interval":1}') })
  t.equal(at.configuration.text, '{"interval":1}')
  await ends(t, at)
})

t.test('the device is asked again before a change is made after all', async t => {
  const at = await cutAt('acting')
  at.configuration.verdict = { accepted: false, reason: 'exit-1' }
  t.strictSame(await resumed(at), ['UPD4_FAIL_37'])
  t.equal(at.configuration.text, text)
  await ends(t, at)
})

t.test('a type that the device no longer has a handler for is told as unsupported', async t => {
  const at = await cutAt('acting')
  at.device.equipment = () => ({})
  t.strictSame(await resumed(at), ['failed'])
  t.equal(at.device.broker.lastData()?.reason, 'unsupported')
  await ends(t, at)
})

t.test('once a configuration was replaced its result is saved, however long the journal fails', async t => {
  const at = await equipped()
  at.configuration.onDurable = () => at.device.disk.faults.set('journal-save', 30)
  at.device.broker.sendCommand(commandOf('config-change', change, operationOne), 'config-change')
  await at.device.run(day)
  t.strictSame(at.device.broker.told(), ['done'])
  t.equal(at.configuration.text, `${after}\n`)
  await ends(t, at)
})

t.test('a journal that fails before anything was done ends the command with UPD4_FAIL_35', async t => {
  const at = await equipped()
  at.device.disk.onDurable = () => {
    if (at.device.disk.durable.memory?.command?.kind === 'accepted') at.device.disk.faults.set('journal-save', 6)
  }
  at.device.broker.sendCommand(commandOf('config-change', change, operationOne), 'config-change')
  await at.device.run(day)
  t.strictSame(at.device.broker.told(), ['UPD4_FAIL_35'])
  t.equal(at.configuration.text, text)
  await ends(t, at)
})

t.test(
  'a command that was accepted and not begun can be withdrawn; one that is stopped with the agent is repeated',
  async t => {
    const at = await equipped()
    at.device.disk.onDurable = () => {
      if (at.device.disk.durable.memory?.command?.kind !== 'accepted') return
      at.device.disk.onDurable = () => {}
      at.device.broker.sendWithdraw(operationOne, 1, 'stopped')
    }
    at.device.broker.sendCommand(commandOf('command', { name: 'measure' }, operationOne), 'command')
    await at.device.run()
    t.strictSame(at.device.broker.told(), ['withdrawn'])
    t.equal(at.programs.runs.length, 0)

    at.programs.during = () => new Promise<never>(() => {})
    at.device.broker.sendCommand(commandOf('command', { name: 'measure' }, operationOne), 'command', operationOne, 2)
    await at.device.run(0)
    at.device.cutPower()
    at.programs.during = async () => {}
    t.strictSame(await resumed(at), ['withdrawn', 'done'])
    t.strictSame(
      at.programs.runs.map(({ environment }) => environment.DROVER_REPEATED),
      [undefined, 'true'],
    )
    await ends(t, at)
  },
)

t.test('after an ordered restart nothing is said before the end of the order is saved', async t => {
  const at = await equipped()
  const { device } = at
  device.disk.onDurable = () => {
    if (device.disk.durable.memory?.command?.kind !== 'restarting') return
    device.disk.onDurable = () => {}
    device.cutPower()
  }
  device.broker.sendCommand(commandOf('reboot', {}, operationOne), 'reboot')
  await device.run()
  device.disk.faults.set('journal-save', 1)
  await device.start()
  await device.run(900)
  t.equal(device.broker.hellos.length, 1, 'the save is tried again after a second')
  await device.run()
  t.equal(device.broker.hellos.length, 2)
  t.equal(device.broker.hellos.at(-1)?.operation, undefined)
  await ends(t, at)
})
