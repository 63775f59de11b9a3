// The agent as a service: the installed program with its words `status`, `history` and `doctor`, readiness told to a service
// manager, and the recent log of a failure on its way to whoever asked for it. Real broker, real processes.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cwd, env, execPath } from 'node:process'
import root from 'tap'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import type { AgentStatus } from '../../agent/status.ts'
import { runVerb } from '../../agent/verbs/verbs.ts'
import { drover } from '../operator/cli/run.ts'
import { agentBin, type RunningBroker, startBroker, untilValue } from '../stories/process.ts'
import { StoryAgent } from '../stories/story-agent.ts'

const folder = root.testdir({
  bin: { 'systemd-notify': '#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> "$(dirname "$0")/notified"\n' },
})
const path = (...names: string[]): string => join(folder, ...names)
const admin: Record<string, string> = { DROVER_TOKEN_FILE: path('data/admin-token') }
const settings = {
  logLevel: 'debug',
  health: { command: ['/bin/true'] },
  ready: { file: 'ready' },
}
let broker: RunningBroker
let agent: StoryAgent

interface Answer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The words of the program, on the agent's own configuration unless they name another. */
async function ask(...words: string[]): Promise<Answer> {
  const args = words.includes('--config') ? words : [...words, '--config', path('hall/agent.json')]
  const child = spawn(execPath, [agentBin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', bytes => (stdout += bytes))
  child.stderr.on('data', bytes => (stderr += bytes))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, stdout, stderr }
}
/** The same without a process of its own, as JSON. */
async function json<T = Record<string, never>>(...words: string[]): Promise<T & { readonly exitCode: number }> {
  const args = words.includes('--config') ? words : [...words, '--config', path('hall/agent.json')]
  const { text, exitCode } = await runVerb([...args, '--json'], env, systemClock)
  return { ...JSON.parse(text), exitCode }
}
type Doctor = { readonly ok: boolean; readonly findings: readonly { check: string; level: string; text: string }[] }
const statusOf = () => json<AgentStatus & { readonly running: boolean; readonly stale?: string }>('status')

/** One object a line; throws when the command did not end with that code. */
async function says(args: readonly string[], code = 0) {
  const ended = await drover([...args, '--json'], admin)
  if (ended.code !== code) throw new Error(`drover ${args.join(' ')}: ${ended.code} ${ended.stderr}${ended.stdout}`)
  return ended.lines
}

const socket = '/run/nowhere/notify'
root.before(async () => {
  chmodSync(path('bin/systemd-notify'), 0o755)
  await drover(['keys', 'create', '--out', path('keys')])
  broker = await startBroker(folder, undefined, ['--operations-key', path('keys/operations.pem')])
  root.teardown(() => broker.kill())
  admin.DROVER_URL = `http://127.0.0.1:${broker.httpPort}`
  await says(['devices', 'enroll', 'hall', '--out-dir', path('passwords')])
})

root.test('before its first start there is nothing to tell, and the doctor says what is missing', async t => {
  mkdirSync(path('hall'))
  writeFileSync(path('agent.json'), '{"deviceId": "a b", "url": "http://x"}')
  t.match(await ask('doctor', '--config', path('agent.json')), {
    code: 1,
    stdout: /fail {2}config +url: expected mqtt/,
  })
  t.match(await ask('status', '--config', path('agent.json')), { code: 2, stderr: /url: expected mqtt/ })
  const wrong: readonly (readonly [words: readonly string[], stderr: RegExp])[] = [
    [['frob', 'now'], /no such command: "frob"; expected status, history, doctor/],
    [['status', 'now'], /status: expected nothing more, got "now"/],
    [['status', '--jsn'], /--jsn/],
    [['history', '--connect'], /--connect: only doctor/],
  ]
  for (const [words, message] of wrong)
    await t.rejects(runVerb([...words, '--config', 'x'], {}, systemClock), { code: 'USAGE', message }, words.join(' '))
  await t.rejects(runVerb(['status'], {}, systemClock), { code: 'USAGE', message: /expected --config agent\.json/ })
  t.match(await ask('frob'), { code: 2, stdout: '', stderr: /no such command: "frob"/ })
  t.match(await ask('doctor', '--help'), { code: 0, stdout: /doctor .*--connect/ })
})

root.test('the service manager hears that it is ready, once, when the broker knows all there is', async t => {
  env.NOTIFY_SOCKET = socket
  env.PATH = `${path('bin')}:${env.PATH}`
  agent = await StoryAgent.start(path('hall'), {
    ...{ id: 'hall', mqttPort: broker.mqttPort, trustFile: path('keys/trust.bin') },
    secret: readFileSync(path('passwords/hall'), 'utf8').trim(),
    settings,
  })
  root.teardown(() => agent.stop())
  delete env.NOTIFY_SOCKET
  await untilValue(async () => (existsSync(path('bin/notified')) && existsSync(path('hall/ready'))) || undefined)
  const [device] = await says(['devices', 'list'])
  t.match(device, { id: 'hall', online: true })
  t.equal(
    readFileSync(path('bin/notified'), 'utf8'),
    `${socket} --ready --status=connected, nothing waits to be told\n`,
  )
  t.match(JSON.parse(readFileSync(path('hall/ready'), 'utf8')), { pid: Number, at: /^20/ })
})

root.test('status and doctor of an agent at work', async t => {
  const status = await untilValue(async () => {
    const found = await statusOf()
    return found.ready ? found : undefined
  })
  t.match(status, {
    ...{ exitCode: 0, running: true, device: 'hall', step: 'idle', outboxCount: 0, link: { connected: true } },
    broker: `127.0.0.1:${broker.mqttPort}`,
    components: [{ name: 'main', version: '1.0.0', digest: /^[0-9a-f]{64}$/ }],
    memory: { rssBytes: Number, heapBytes: Number },
  })
  t.match(await ask('status'), {
    code: 0,
    stdout: /^device +hall, agent .*\nrunning +process \d+ since .*\nstate +idle/,
  })
  t.match(await ask('history'), { code: 0, stdout: /nothing has happened yet/ })
  const doctor = await json<Doctor>('doctor', '--connect')
  t.same(
    doctor.findings.filter(({ level }) => level !== 'ok'),
    [],
  )
  const text = (check: string) => doctor.findings.find(found => found.check === check)?.text
  t.match(text('agent'), /it runs as process \d+: idle/)
  t.match(text('broker'), /the agent runs, so no second connection was made: it is connected/)
  t.match(text('component'), /main: 1\.0\.0 in slot a, as its record says/)
  t.equal((await statusOf()).linkSince, status.linkSince, 'the agent kept its connection')
})

root.test('after a failure the recent log comes to an operation that asked, and to no other', async t => {
  const create = ['operation', 'create', '--type', 'config-backup', '--device', 'hall', '--wait']
  const [silent] = await says(create, 1)
  const [asking] = await says([...create, '--log-on-failure'], 1)
  const logs = await untilValue(async () => {
    const found = await says(['operation', 'logs', asking.id])
    return found.length > 0 ? found : undefined
  })
  t.match(logs, [{ device: 'hall', attempt: 1, operation: asking.id, cut: false }])
  t.same(await says(['operation', 'logs', silent.id]), [])
  const [event] = await says(['events', 'list', '--operation', asking.id, '--code', 'SYS_111'])
  t.equal(event.device_log_id, logs[0].id)
  const log = await drover(['device', 'log', event.device_log_id], admin)
  const lines = log.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.equal(Buffer.byteLength(log.stdout), logs[0].sizeBytes)
  t.match(lines.at(-1), { event: 'update-step', step: 'idle', operation: asking.id, outcome: { step: 'failed' } })
  t.ok(lines.every(line => line.name === 'agent' && line.device === 'hall'))
  t.notMatch(log.stdout, readFileSync(path('passwords/hall'), 'utf8').trim(), 'no password of the device')
  const past = await untilValue(async () => {
    const found = await json<{ results: unknown[]; events: unknown[] }>('history')
    return found.results.length === 2 ? found : undefined
  })
  const ended = { what: 'failed', data: { reason: 'unsupported' } }
  t.match(past.results, [
    { ...ended, operation: silent.id },
    { ...ended, operation: asking.id },
  ])
  t.match(past.events, [{ what: 'failed' }, { what: 'failed' }])
  t.match(await ask('status'), { stdout: new RegExp(`result +20.* ${asking.id} +failed +reason=unsupported`) })
})

root.test('a killed agent is told as gone, a stopped one as stopped; the ready file goes in order', async t => {
  const { pid, processStart } = await statusOf()
  t.match(processStart, /^\d+$/)
  // Both at once, or one of them would notice and end in order, or start the other anew.
  process.kill(pid, 'SIGKILL')
  await agent.kill()
  await untilValue(async () => ((await statusOf()).running ? undefined : true))
  t.match(await statusOf(), { exitCode: 1, running: false, stale: `process ${pid} is gone: it crashed or was killed` })
  t.match(await ask('status'), { code: 1, stdout: /NOT RUNNING .*crashed or was killed; what follows was true at 20/ })
  t.ok(existsSync(path('hall/ready')), 'nobody was there to take it away')
  const looked = (await json<Doctor>('doctor')).findings.find(({ check }) => check === 'agent')
  t.match(looked, { level: 'warn', text: /none runs: process \d+ is gone/ })
  // Another program has got the number since.
  const file = path('hall/data/status.json')
  const written = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...written, pid: process.pid }))
  t.match(await statusOf(), { running: false, stale: /is another program by now/ })
  writeFileSync(file, JSON.stringify({ ...written, pid: process.pid, bootId: '00'.repeat(16) }))
  t.match(await statusOf(), { running: false, stale: /the machine was started anew since/ })
  writeFileSync(file, '{"format":1,')
  t.match(await statusOf(), { exitCode: 1, running: false, stale: /status\.json is torn or overwritten/ })

  const again = await StoryAgent.start(path('hall'), {
    ...{ id: 'hall', mqttPort: broker.mqttPort, trustFile: path('keys/trust.bin') },
    secret: readFileSync(path('passwords/hall'), 'utf8').trim(),
    settings,
  })
  await untilValue(async () => ((await statusOf()).ready ? true : undefined))
  t.equal((await json<{ results: unknown[] }>('history')).results.length, 2, 'the history goes on')
  await again.stop()
  t.match(await statusOf(), { exitCode: 1, running: false, stale: /^it ended in order, 20/ })
  t.notOk(existsSync(path('hall/ready')))
})

root.test('the doctor finds each thing that is wrong with a device', async t => {
  const config = JSON.parse(readFileSync(path('hall/agent.json'), 'utf8'))
  const findings = async (change: object, ...words: string[]) => {
    writeFileSync(path('hall/other.json'), JSON.stringify({ ...config, ...change }))
    const { findings: found } = await json<Doctor>('doctor', '--config', path('hall/other.json'), ...words)
    return found.filter(({ level }) => level !== 'ok').map(({ check, level, text }) => `${level} ${check}: ${text}`)
  }
  t.same(await findings({}), [], 'nothing, to begin with')
  t.same(await findings({}, '--connect'), [])
  t.match(await findings({ password: 'wrong' }, '--connect'), [/^fail broker: 127\.0\.0\.1:\d+ refuses us: /])
  t.match(await findings({ url: 'mqtt://127.0.0.1:1' }, '--connect'), [/^fail broker: 127\.0\.0\.1:1: .*ECONNREFUSED/])
  t.match(await findings({ password: undefined }), [/^warn password: none is set/])
  t.match(await findings({ password: undefined, passwordFile: 'nowhere' }), [/^fail password: .*\n.*nowhere/])
  t.match(await findings({ trustFile: 'nowhere' }), [/^fail trust: .*nowhere: ENOENT/])
  t.match(await findings({ trustFile: 'agent.json' }), [/^fail trust: .*agent\.json is no trust document/])
  t.match(await findings({ health: { command: ['no-such-program'] } }), [/^fail program: health\.command: .*not found/])
  t.match(await findings({ health: { command: ['./agent.json'] } }), [/^fail program: health\.command: .*not/])
  t.match(await findings({ commands: { folder: 'nowhere' } }), [/^fail program: commands\.folder: .*ENOENT/])
  t.match(await findings({ commands: { folder: 'commands' } }), [/^warn program: commands\.folder: .*no program/])
  t.match(await findings({ dataDir: 'agent.json' }), [/^fail data folder: .*is no folder/, /./])
  const { dataDir: _, ...fresh } = {
    ...config,
    dataDir: 'fresh',
    components: [{ ...config.components[0], image: 'x' }],
  }
  t.match(await findings({ ...fresh, dataDir: 'fresh' }), [/^fail component: main: the factory image .*x: ENOENT/])
  const image = path('hall/data/components/main/a/image')
  const bytes = readFileSync(image)
  writeFileSync(image, Buffer.concat([bytes, Buffer.of(0)]))
  t.match(await findings({}), [/^fail component: main: .*has another content than its record says/])
  writeFileSync(image, bytes)
  const record = path('hall/data/components/main/record.json')
  writeFileSync(record, readFileSync(record, 'utf8').replace('"active": "a"', '"active": "b"'))
  t.match(await findings({}), [/^fail component: main: .*the checksum does not fit/])
})

root.test('the unit file of the documentation is one, and is strict', async t => {
  const unit = readFileSync(join(cwd(), 'docs/drover-agent.service'), 'utf8')
  t.match(unit, /^ExecStart=\/usr\/bin\/node .*\/dist\/agent\/boot\.js --config /m)
  t.match(unit, /^Type=notify$/m)
  t.match(unit, /^NotifyAccess=all$/m, 'systemd-notify is a process of its own')
  t.notMatch(unit, /^MemoryDenyWriteExecute=yes/m, 'Node compiles while it runs')
  const here = unit.replace('/usr/bin/node', execPath).replace(/\S+boot\.js/, agentBin)
  writeFileSync(path('drover-agent.service'), here)
  const verify = ['verify', '--man=no', path('drover-agent.service')]
  const found = spawnSync('systemd-analyze', verify, { encoding: 'utf8' })
  if (found.error !== undefined) t.comment('no systemd-analyze here: the unit was not verified')
  else t.match(found, { status: 0, stderr: '' })
})
