// Commands through the whole agent: what each type does, and that one job is done at a time. What is refused is in
// command-refusals.test.ts, cuts of the power are in command-cuts.test.ts.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { CommandHandler } from '../../agent/handlers/command-handler.ts'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { settle } from './fakes/clock.ts'
import { FakeDevice } from './fakes/device.ts'
import { ends, equipped, ordered, sha256, text } from './fakes/orders.ts'
import { commandOf } from './fakes/release.ts'
import { day, newer } from './fakes/story.ts'

t.test('config-backup: the broker has the configuration before it hears that it is done', async t => {
  const at = await equipped()
  t.strictSame(await ordered(at, 'config-backup', {}), ['done'])
  t.match(at.device.broker.configurations, [{ operation: operationOne, attempt: 1, sha256: sha256(text) }])
  t.equal(Buffer.from(at.device.broker.configurations[0]?.content ?? []).toString(), text)
  t.strictSame(at.device.broker.lastData(), { configuration_digest: sha256(text) })
  await ends(t, at)
})

t.test('a backup waits for the line, and ends when the broker will not have it', async t => {
  const at = await equipped()
  at.device.broker.refusingConfigurations = true
  t.strictSame(await ordered(at, 'config-backup', {}), ['failed'])
  t.equal(at.device.broker.lastData()?.reason, 'not-taken')
  at.device.broker.refusingConfigurations = false
  at.device.broker.sendCommand(commandOf('config-backup', {}, operationTwo), 'config-backup', operationTwo)
  at.device.broker.online = false
  at.device.broker.disconnect()
  await at.device.run(day)
  t.equal(at.device.broker.configurations.length, 0)
  at.device.broker.connect()
  await at.device.run()
  t.strictSame(at.device.broker.told(operationTwo), ['done'])
  t.equal(at.device.broker.configurations.length, 1)
  await ends(t, at)
})

t.test('config-change: the patch is applied, the digest in force and the masked difference are told', async t => {
  for (const [format, patch] of [
    ['merge-patch', { interval: 30, wifi: { password: 'correct horse' }, site: 'north' }],
    [
      'json-patch',
      [
        { op: 'test', path: '/interval', value: 60 },
        { op: 'replace', path: '/interval', value: 30 },
        { op: 'replace', path: '/wifi/password', value: 'correct horse' },
        { op: 'add', path: '/site', value: 'north' },
      ],
    ],
  ] as const) {
    const at = await equipped()
    t.strictSame(await ordered(at, 'config-change', { format, patch }), ['done'], format)
    const expected = { interval: 30, wifi: { ssid: 'barn', password: 'correct horse' }, site: 'north' }
    t.strictSame(JSON.parse(at.configuration.text), expected)
    t.equal(at.configuration.previous?.toString(), text, 'the one before is kept')
    const { configuration_digest: digest, diff = '' } = at.device.broker.lastData() ?? {}
    t.equal(digest, sha256(at.configuration.text))
    t.strictSame(JSON.parse(diff), [
      { op: 'replace', path: '/interval', value: 30 },
      { op: 'replace', path: '/wifi/password', value: '***' },
      { op: 'add', path: '/site', value: 'north' },
    ])
    t.notMatch(at.device.disk.saves.join(), /hunter2/, 'the journal does not hold the old secret')
    t.notMatch(JSON.stringify(at.device.broker.lastData()), /hunter2|horse/)
    await ends(t, at)
  }
})

t.test('config-restore: the bytes of the backup are in force again, whatever they are', async t => {
  const at = await equipped()
  const backup = Buffer.from('# not JSON\ninterval = 5\n')
  const given = { content: backup.toString('base64'), sha256: sha256(backup), version: 'v0' }
  t.strictSame(await ordered(at, 'config-restore', given), ['done'])
  t.ok(at.configuration.content?.equals(backup))
  t.strictSame(at.device.broker.lastData(), { configuration_digest: sha256(backup) })
  await ends(t, at)
})

t.test('a device without a configuration takes one from a backup, and has nothing to change or to send', async t => {
  for (const [type, given, told] of [
    ['config-restore', { content: 'e30=', sha256: sha256('{}'), version: 'v0' }, 'done'],
    ['config-change', { format: 'merge-patch', patch: {} }, 'failed no-configuration'],
    ['config-backup', {}, 'failed no-configuration'],
  ] as const) {
    const at = await equipped()
    at.configuration.content = undefined
    const [word] = await ordered(at, type, given)
    t.equal([word, at.device.broker.lastData()?.reason].filter(Boolean).join(' '), told, type)
    await ends(t, at)
  }
})

t.test('a change that changes nothing is done, and writes nothing', async t => {
  const at = await equipped()
  at.configuration.content = Buffer.from('{\n  "a": 1\n}\n')
  t.strictSame(await ordered(at, 'config-change', { format: 'merge-patch', patch: {} }), ['done'])
  t.equal(at.configuration.replaced, 0)
  t.equal(at.device.broker.lastData()?.diff, '[]')
  await ends(t, at)
})

t.test('command: the program gets its arguments, and what came of it is told', async t => {
  const at = await equipped()
  t.strictSame(await ordered(at, 'command', { name: 'measure', arguments: { depth: 3 } }), ['done'])
  t.strictSame(at.programs.runs, [
    { name: 'measure', input: '{"depth":3}', environment: { DROVER_OPERATION: operationOne, DROVER_ATTEMPT: '1' } },
  ])
  t.strictSame(at.device.broker.lastData(), { exit_code: '0', output: 'fine\n' })
  at.programs.end = { exitCode: 3, problem: 'exit-3', output: Buffer.from('€'.repeat(600)), outputCut: false }
  at.device.broker.sendCommand(commandOf('command', { name: 'measure' }, operationTwo), 'command', operationTwo)
  await at.device.run()
  t.strictSame(at.device.broker.told(operationTwo), ['failed'])
  const { output = '', ...rest } = at.device.broker.lastData(operationTwo) ?? {}
  t.strictSame(rest, { reason: 'exit-3', exit_code: '3', output_cut: 'true' })
  t.equal(output, '€'.repeat(341), '1,024 bytes hold 341 whole characters of three')
  await ends(t, at)
})

t.test('reboot: told once, asked for once, and done when the device says hello as another boot', async t => {
  const at = await equipped()
  at.device.broker.beforePublish = () => settle(2)
  t.strictSame(await ordered(at, 'reboot', {}), ['rebooting'])
  const { broker } = at.device
  t.equal(at.device.ordered, 1)
  t.strictSame(at.device.saidBefore, ['rebooting'], 'the broker knows why the device falls silent')
  t.equal(broker.hellos.length, 2)
  t.not(broker.hellos[1]?.bootId, broker.hellos[0]?.bootId)
  t.equal(broker.hellos[1]?.operation, undefined, 'the operation is over with the first hello')
  broker.sendCommand(commandOf('reboot', {}, operationOne), 'reboot')
  await at.device.run()
  t.equal(at.device.ordered, 1, 'the same order again is answered from memory')
  t.equal(broker.hellos.length, 3, 'by the hello')
  await ends(t, at)
})

t.test('a device that cannot be rebooted, or does not go down, says so and is free again', async t => {
  const at = await equipped()
  at.device.rebootProblem = 'reboot-exit-1'
  t.strictSame(await ordered(at, 'reboot', {}), ['rebooting', 'failed'])
  t.equal(at.device.broker.lastData()?.reason, 'reboot-exit-1')
  await ends(t, at)

  const deaf = await equipped({ bootId: 'ab'.repeat(16) })
  deaf.device.broker.sendCommand(commandOf('reboot', {}, operationOne), 'reboot')
  await deaf.device.run(day)
  t.strictSame(deaf.device.broker.told(), ['rebooting', 'failed'], 'the agent started again, the device did not')
  t.equal(deaf.device.broker.lastData()?.reason, 'not-restarted')
  t.equal(deaf.device.ordered, 1)
  await ends(t, deaf)
})

t.test('the same command again is answered from memory and done once', async t => {
  const at = await equipped()
  await ordered(at, 'command', { name: 'measure' })
  t.strictSame(await ordered(at, 'command', { name: 'measure' }), ['done', 'done'])
  t.equal(at.programs.runs.length, 1)
  at.device.broker.sendCommand(commandOf('command', { name: 'measure' }, operationOne), 'command', operationOne, 2)
  await at.device.run()
  t.equal(at.programs.runs.length, 2, 'another attempt is another run')
  t.equal(at.programs.runs[1]?.environment.DROVER_ATTEMPT, '2')
  await ends(t, at)
})

t.test('one job at a time: a command refuses an update, an update refuses a command, and both end well', async t => {
  const at = await equipped()
  const { broker } = at.device
  let finish = (): void => {}
  at.programs.during = () =>
    new Promise(resolve => {
      finish = resolve
    })
  broker.sendCommand(commandOf('command', { name: 'measure' }, operationOne), 'command')
  await at.device.run(0)
  t.equal(at.device.agent?.memory.command?.kind, 'acting')
  broker.sendOffer(newer, operationTwo)
  broker.sendCommand(commandOf('reboot', {}, operationTwo), 'reboot', operationTwo)
  broker.sendWithdraw(operationOne)
  await at.device.run(0)
  t.strictSame(broker.told(operationTwo), [])
  t.strictSame(broker.told(), [], 'what is being carried out is not taken back')
  t.equal(broker.progress.filter(({ refusedOperation }) => refusedOperation === operationTwo).length, 2)
  finish()
  await at.device.run(0)
  t.strictSame(broker.told(), ['done'])

  broker.weather = () => []
  broker.sendOffer(newer, operationTwo)
  await at.device.run(0)
  broker.sendCommand(commandOf('command', { name: 'measure' }, operationOne), 'command', operationOne, 2)
  await at.device.run(0)
  t.equal(at.programs.runs.length, 1)
  t.equal(broker.progress.at(-1)?.refusedOperation, operationOne)
  broker.weather = data => [data]
  await at.device.run()
  t.equal(broker.hellos.at(-1)?.components[0]?.version, '2.0.0')
  await ends(t, at)
})

t.test('the hello names the command under way', async t => {
  const at = await equipped()
  at.programs.during = () => new Promise<never>(() => {})
  at.device.broker.sendCommand(commandOf('command', { name: 'measure' }, operationOne), 'command')
  await at.device.run(0)
  at.device.broker.disconnect()
  at.device.broker.connect()
  await at.device.run(0)
  t.equal(at.device.broker.hellos.at(-1)?.operation, operationOne)
  at.device.cutPower()
})

t.test('a handler of the integrator has its type, its plan and its say', async t => {
  const seen: unknown[] = []
  const custom: CommandHandler = {
    prepare: async order => {
      seen.push(order.arguments)
      return order.arguments.wanted === false
        ? { kind: 'ended', outcome: { kind: 'refused', failure: { code: 'UPD4_FAIL_37', data: { reason: 'asleep' } } } }
        : { kind: 'ready', plan: { from: 7 } }
    },
    act: async (_order, plan, { repeated }) => {
      seen.push(plan, repeated)
      return { kind: 'done', data: { answer: '42' } }
    },
  }
  const at = await equipped({ handlers: { custom } })
  t.strictSame(await ordered(at, 'custom', { wanted: true }), ['done'])
  t.strictSame(seen, [{ wanted: true }, { from: 7 }, false])
  t.strictSame(at.device.broker.lastData(), { answer: '42' })
  at.device.broker.sendCommand(commandOf('custom', { wanted: false }, operationTwo), 'custom', operationTwo)
  await at.device.run()
  t.strictSame(at.device.broker.told(operationTwo), ['UPD4_FAIL_37'])
  await ends(t, at)

  const large = await equipped({
    handlers: { custom: { ...custom, prepare: async () => ({ kind: 'ready', plan: 'x'.repeat(17_000) }) } },
  })
  t.strictSame(await ordered(large, 'custom', {}), ['failed'])
  t.equal(large.device.broker.lastData()?.reason, 'plan-too-large')
  await ends(t, large)
  const greedy = new FakeDevice({ handlers: { 'firmware-update': custom } })
  await t.rejects(greedy.start(), { name: 'RangeError', message: /firmware-update/ })
})

t.test('as a library the agent loads protobuf and nothing else that is not ours', async t => {
  const packages = new Set<string>()
  const seen = new Set<string>()
  const walk = (url: URL): void => {
    if (seen.has(url.href)) return
    seen.add(url.href)
    const imports = /^(?:import|export) (?:[^'"=();]* from )?["']([^'"]+)["'];?$/gm
    for (const [, from = ''] of readFileSync(url, 'utf8').matchAll(imports))
      if (from.startsWith('.')) walk(new URL(from, url))
      else packages.add(from)
  }
  walk(new URL('../../agent/agent.js', import.meta.url))
  t.ok(seen.size > 30, `${seen.size} files`)
  t.strictSame([...packages].filter(name => !name.startsWith('node:')).sort(), ['protobufjs/minimal.js'])
})
