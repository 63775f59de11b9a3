// The verb as people use it: devices as processes that it starts, kills and starts again; a device that comes by itself;
// and what it says to a command line it cannot use.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { env, execPath, kill } from 'node:process'
import t, { type Test } from 'tap'
import type { Card } from '../../../simulator/conformance/card.ts'
import { conformance, help } from '../../../simulator/verbs/conformance.ts'
import type { VerbHost } from '../../../simulator/verbs/verb-host.ts'
import { SceneDevice } from '../../agent/codes/scene-device.ts'
import { agentBin, untilValue } from '../../stories/process.ts'

interface Ran {
  readonly interrupt: () => void
  readonly code: Promise<number>
  readonly out: () => string
  readonly errors: () => string
}

function ran(t: Test, args: readonly string[]): Ran {
  let [out, errors] = ['', '']
  const run = new AbortController()
  t.teardown(() => run.abort(new Error('the test is over')))
  const screen = (write: (text: string) => void) => ({ write, isTTY: false, columns: 80 })
  const host: VerbHost = {
    stdout: screen(text => {
      out += text
    }),
    stderr: screen(text => {
      errors += text
    }),
    // Without the loader of the test runner: it doubles the time of every start.
    environment: { PATH: env.PATH },
    ...{ signal: run.signal, node: execPath, cwd: '.' },
    fork: () => {
      throw new Error('nothing is forked here')
    },
  }
  const interrupt = (): void => run.abort(new Error('interrupted'))
  return { interrupt, code: conformance(args, host), out: () => out, errors: () => errors }
}

/** Our agent, started as any other. */
const ownAgent =
  `exec ${resolve('test/simulator/conformance/own-agent.sh')} ${agentBin} {host} {port} {device} {secret} {trust} {folder} {image} ` +
  '{vendor} {class} {component} {version}'

async function cardOf(ran: Ran): Promise<Card> {
  await ran.code
  return JSON.parse(ran.out()) as Card
}

t.test('our agent as a process passes where power is cut, images restart it, and one is not well', async t => {
  const folder = t.testdir({
    image: '#!/bin/sh\nexec "$DROVER_NODE" "$DROVER_AGENT"\n',
    broken: '#!/bin/sh\nexit 1\n',
  })
  const only = ['killed-in-download', 'outbox-survives-restart', 'restart-into-new-image', 'rollback']
  const run = ran(t, [
    ...['--device', 'probe', '--json', '--silence', '0.7', '--run', ownAgent, '--folder', folder],
    ...['--image', join(folder, 'image'), '--broken-image', join(folder, 'broken')],
    ...only.flatMap(name => ['--only', name]),
  ])
  const card = await cardOf(run)
  t.equal(await run.code, 0, run.errors())
  t.match(card, { passed: true, counts: { passed: 4, failed: 0, 'not-tried': 0 }, device: 'probe' })
  t.match(
    card.cases.find(({ name }) => name === 'rollback'),
    { code: 'UPD4_FAIL_40', verdict: 'passed' },
  )
  t.match(run.errors(), /pass {2}killed-in-download +9, 11 +SYS_112/)
})

t.test('a device that forgets what it had downloaded fails, and the exit code says so', async t => {
  const folder = t.testdir({ image: '#!/bin/sh\nexec "$DROVER_NODE" "$DROVER_AGENT"\n' })
  const forgetful = `rm -rf {folder}/data/components/main/b; ${ownAgent}`
  const run = ran(t, [
    ...['--device', 'probe', '--json', '--silence', '0.7', '--run', forgetful, '--folder', folder],
    ...['--image', join(folder, 'image'), '--only', 'killed-in-download'],
  ])
  const card = await cardOf(run)
  t.equal(await run.code, 1)
  t.match(card.cases[0], { verdict: 'failed', seen: /chunks came after the start/ })
})

t.test('a device that ends is started again', async t => {
  const folder = t.testdir({ image: '#!/bin/sh\nexec "$DROVER_NODE" "$DROVER_AGENT"\n' })
  const late = `test -e {folder}/once || { touch {folder}/once; exit 7; }; ${ownAgent}`
  const run = ran(t, [
    ...['--device', 'probe', '--run', late, '--folder', folder, '--image', join(folder, 'image')],
    ...['--only', 'connect-fields'],
  ])
  t.equal(await run.code, 0, run.out())
  t.match(run.out(), /probe: 1 passed/)
})

t.test('a device that comes by itself is told what it needs, and is never killed', async t => {
  const folder = t.testdir({ secret: 'a secret of the device\n' })
  const run = ran(t, [
    ...['--device', 'walk-in', '--listen', '127.0.0.1:0', '--secret-file', join(folder, 'secret'), '--folder', folder],
    ...['--silence', '0.7', '--only', 'connect-fields', '--only', 'update', '--only', 'killed-in-download'],
  ])
  const told = (pattern: RegExp): Promise<string> => untilValue(async () => pattern.exec(run.out())?.[1])
  const mqttPort = Number(await told(/mqtt:\/\/127\.0\.0\.1:(\d+)/))
  const trust = await readFile(await told(/trust document {2}(\S+)/))
  const secret = await told(/password +(.+)/)
  t.equal(secret, 'a secret of the device')
  const device = await SceneDevice.provision(join(folder, 'device'), { id: 'walk-in', secret, mqttPort }, { trust })
  t.teardown(() => device.stop())
  await device.start()
  t.equal(await run.code, 0, run.out())
  t.match(run.out(), /walk-in: 2 passed, 0 failed, 0 not applicable, 1 not tried\. PASSED/)
})

t.test('whoever interrupts it leaves nothing behind', async t => {
  const folder = t.testdir()
  const args = ['--device', 'probe', '--folder', folder, '--only', 'update']
  const waiting = ran(t, [...args, '--listen', '127.0.0.1:0'])
  await untilValue(async () => /password/.exec(waiting.out()))
  waiting.interrupt()
  t.equal(await waiting.code, 130)
  const pid = `echo $$ > ${join(folder, 'pid')}; exec sleep 600`
  const started = ran(t, [...args, '--run', pid])
  const sleeper = await untilValue(
    async () => Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => 0)) || undefined,
  )
  started.interrupt()
  t.equal(await started.code, 130)
  t.throws(() => kill(sleeper, 0), { code: 'ESRCH' }, 'the device has ended, too')
})

t.test('an address that is taken is told as such', async t => {
  const taken = createServer()
  await new Promise<void>(done => taken.listen(0, '127.0.0.1', done))
  t.teardown(() => taken.close())
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const run = ran(t, ['--device', 'probe', '--listen', `127.0.0.1:${port}`, '--folder', t.testdir()])
  await t.rejects(run.code, { code: 'USAGE', message: `--listen 127.0.0.1:${port}: EADDRINUSE` })
})

t.test('a device that never comes fails, and does not hold up the tool', async t => {
  const run = ran(t, [
    ...['--device', 'probe', '--run', 'exit 1', '--patience', '0.02', '--only', 'offers', '--folder', t.testdir()],
  ])
  t.equal(await run.code, 1)
  t.match(run.out(), /0 passed, 2 failed, 0 not applicable, \d\d not tried\. FAILED/)
  t.match(run.out(), /FAIL {2}update .*did not connect/)
})

t.test('a command line that cannot be used names the flag and what was expected', async t => {
  const wrong: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [[], /--device: required/],
    [['--device', 'a/b'], /--device: device id: expected 1 to 64/],
    [['--device', 'a', '--only', 'nothing'], /--only nothing: expected a case or a family/],
    [['--device', 'a', '--listen', 'here'], /--listen: expected HOST:PORT/],
    [['--device', 'a', '--class', 'x'], /--class: expected 32 lower-case hex digits/],
    [['--device', 'a', '--lanes', '17'], /--lanes 17: expected a number from 1 to 16/],
    [['--device', 'a', '--silence', ''], /--silence : expected a number/],
    [['--device', 'a', '--image', '/no/such'], /--image: ENOENT/],
    [['--device', 'a', '--secret-file', '/dev/null'], /--secret-file: expected the password/],
    [['--device', 'a', '--wrong'], /--wrong/],
  ]
  for (const [args, says] of wrong) await t.rejects(ran(t, args).code, { code: 'USAGE', message: says }, args.join(' '))
  const list = ran(t, ['--list', '--only', 'outbox'])
  t.equal(await list.code, 0)
  t.match(list.out(), /^outbox +puback-withheld +5 /m)
  t.match(help, /--run COMMAND/)
})
