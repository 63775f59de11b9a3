// The command line of drover-simulator as a person meets it: help, mistakes, a fleet that ends as expected, one that does
// not, one that loses a process, one that is interrupted. Real processes, a real broker, all on loopback.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Check } from 'typebox/value'
import { FleetReport } from '../../simulator/report/fleet-report.ts'
import { bareNode } from '../fixtures/cases.ts'

const program = fileURLToPath(new URL('../../simulator/main.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function start(args: readonly string[], cwd: string): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const [command, parameters] = bareNode([program, ...args])
  // What it makes under the system's folder for temporary files is seen in ours.
  const child = spawn(command, parameters, {
    cwd,
    env: { ...process.env, TMPDIR: cwd },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', bytes => {
    out += bytes
  })
  child.stderr.on('data', bytes => {
    err += bytes
  })
  return { child, ended: once(child, 'close').then(([code]) => ({ code, out, err })) }
}
const run = (args: readonly string[], cwd: string): Promise<Ended> => start(args, cwd).ended

/** Processes that were started by this one, by what stands in their command line. */
function descendants(pid: number, words: string): number[] {
  const found: number[] = []
  for (const name of readdirSync('/proc').filter(each => /^\d+$/.test(each))) {
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1])
      if (parent === pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(words)) found.push(Number(name))
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}

const quick = ['fleet', '--spawn', '--image-size', '32KiB', '--ramp', 'all-at-once', '--limit', '60s']

t.test('thirty sensors in two processes end as expected, under telemetry, and the report says so', async t => {
  const cwd = t.testdir({
    'profiles.json': JSON.stringify([
      { name: 'pump', share: 2, bootMs: 100, tags: ['wet'], attributes: { hall: '7' } },
      { name: 'valve', share: 1, bootMs: 100, components: [{ name: 'main', version: '1.4.0', reboot: false }] },
    ]),
  })
  const files = ['--json', 'a.json', '--csv', 'a.csv', '--html', 'a.html']
  const mix = ['--faults', 'code-23=10%,code-31=5%,power-cut-downloading=10%', '--seed', '7']
  const load = ['--devices', '30', '--processes', '2', '--profile', 'profiles.json', '--telemetry', '5/1s,qos1,64B']
  const thresholds = ['--expect', 'unexpected=0', '--expect', 'failed<=5', '--expect', 'p99.total<60s']
  const { code, out, err } = await run([...quick, ...load, ...mix, ...files, ...thresholds, '--title', 'Thirty'], cwd)
  t.equal(code, 0, `${out}\n${err}`)
  const report = JSON.parse(readFileSync(join(cwd, 'a.json'), 'utf8')) as FleetReport
  t.ok(Check(FleetReport, report), 'the report is what its schema says')
  const { sensors, succeeded, failed, unexpected, unfinished, codes, devices, telemetry, latencies, timeline } = report
  t.strictSame(
    { sensors, succeeded, failed, unexpected, unfinished },
    { sensors: 30, succeeded: 25, failed: 5, unexpected: 0, unfinished: 0 },
  )
  const of = (fault: string): number => devices.filter(device => device.fault === fault).length
  // 10 % of 30 are 3; 5 % are 1.5: the half goes to whom the largest remainder gives it.
  t.strictSame([of('code-23'), of('code-31'), of('power-cut-downloading')], [3, 2, 3], 'the mix is exact')
  t.strictSame(
    [codes.UPD4_FAIL_23, codes.UPD4_FAIL_31],
    [
      { count: 3, expected: 3 },
      { count: 2, expected: 2 },
    ],
  )
  t.equal(devices.filter(({ profile }) => profile === 'pump').length, 20)
  t.ok(
    devices.every(
      ({ device, version, code }) =>
        (code?.includes('FAIL') ? version !== '2.0.0' : version === '2.0.0') && /^sensor-000\d\d$/.test(device),
    ),
  )
  t.ok(telemetry.sent > 30 && telemetry.acknowledged > 30, `telemetry ${JSON.stringify(telemetry)}`)
  t.equal(latencies.connect.count, 30)
  t.equal(latencies.total.count, 25)
  // Whose power was cut while it downloaded may have nothing to tell of its first try.
  t.ok(latencies.offerToStart.count >= 22 && latencies.download.count >= 22)
  t.ok(
    timeline.length > 1 &&
      timeline.every(
        ({ waiting, downloading, installing, succeeded: done, failed: ended }) =>
          waiting + downloading + installing + done + ended === 30,
      ),
  )
  t.ok(report.downBytes > 25 * 32 * 1024, 'everybody fetched the image over the line')
  const [tester] = report.testers
  t.ok(
    tester !== undefined &&
      tester.processes === 3 &&
      tester.openFilesLimit > tester.openFilesNeeded &&
      tester.rssBytes > 0,
  )
  t.ok((report.broker?.rssBytesConnected ?? 0) > 0)
  t.match(out, 'Thirty')
  t.equal(readFileSync(join(cwd, 'a.csv'), 'utf8').trim().split(/\r?\n/).length, 31)
  t.match(readFileSync(join(cwd, 'a.html'), 'utf8'), 'Thirty')
  t.strictSame(readdirSync(cwd).sort(), ['a.csv', 'a.html', 'a.json', 'profiles.json'], 'the broker left nothing')
})

t.test('an outcome that was not expected ends with 1, and names the sensors in the report', async t => {
  // No room for the candidate: the sensors are right to refuse, and the fleet expected an update.
  const cwd = t.testdir({
    'profiles.json': JSON.stringify({ storageBytes: 20 * 1024 }),
  })
  const { code, out, err } = await run(
    [...quick, '--devices', '3', '--profile', 'profiles.json', '--json', 'a.json'],
    cwd,
  )
  t.equal(code, 1, `${out}\n${err}`)
  const report = JSON.parse(readFileSync(join(cwd, 'a.json'), 'utf8')) as FleetReport
  t.equal(report.unexpected, 3)
  t.ok(report.devices.every(({ asExpected, expected }) => !asExpected && expected[0] === 'SYS_112'))
})

t.test('a threshold that does not hold ends with 1', async t => {
  const { code, out, err } = await run(
    [...quick, '--devices', '2', '--expect', 'sensors>2', '--without-update'],
    t.testdir(),
  )
  t.equal(code, 1, `${out}\n${err}`)
  t.match(out, 'sensors>2')
})

t.test('a process of sensors that dies fails the run with its reason, and nothing is left', async t => {
  const cwd = t.testdir()
  const { child, ended } = start(
    [...quick, '--devices', '4', '--processes', '2', '--without-update', '--think', '50s'],
    cwd,
  )
  const pid = child.pid ?? 0
  let workers: number[] = []
  while (workers.length < 2 && child.exitCode === null) {
    await new Promise(resolve => setTimeout(resolve, 50))
    workers = descendants(pid, 'worker/main.js')
  }
  const [broker] = descendants(pid, 'broker/main.js')
  process.kill(workers[1] ?? 0, 'SIGKILL')
  const { code, err } = await ended
  t.equal(code, 1)
  t.match(err, /process \d of 2 \(2 sensors\) ended although nobody asked it to: SIGKILL/)
  t.throws(() => process.kill(workers[0] ?? 0, 0), { code: 'ESRCH' })
  t.throws(() => process.kill(broker ?? 0, 0), { code: 'ESRCH' })
  t.strictSame(readdirSync(cwd), [])
})

t.test('Ctrl-C ends everything in order, with 130', async t => {
  const cwd = t.testdir()
  const { child, ended } = start([...quick, '--devices', '2', '--without-update', '--think', '50s'], cwd)
  while (descendants(child.pid ?? 0, 'worker/main.js').length === 0 && child.exitCode === null)
    await new Promise(resolve => setTimeout(resolve, 50))
  child.kill('SIGINT')
  const { code, err } = await ended
  t.equal(code, 130)
  t.match(err, 'interrupted by SIGINT')
  t.strictSame(readdirSync(cwd), [])
})

t.test('what cannot be used is named, with what was expected, and nothing is started', async t => {
  const cwd = t.testdir({ 'bad.json': '{"bootMs": "long"}', token: 'x' })
  const [flags, file, nobody] = await Promise.all([
    run(['fleet', '--url', 'http://x', '--http', 'https://x', '--devices', '0'], cwd),
    run(['fleet', '--spawn', '--profile', 'bad.json'], cwd),
    run(['fleet', '--url', 'mqtt://127.0.0.1:1', '--http', 'http://127.0.0.1:1', '--token-file', 'token'], cwd),
  ])
  t.strictSame([flags.code, file.code, nobody.code], [2, 2, 1])
  t.match(flags.err, '--url: expected an address such as mqtt://host:port or mqtts://host:port')
  t.match(flags.err, '--devices: expected a whole number from 1 to 1000000, got "0"')
  t.match(flags.err, 'expected --spawn, or --url, --http and --token-file')
  t.match(file.err, /bad\.json.*bootMs/s)
  t.match(nobody.err, /http:\/\/127\.0\.0\.1:1\/v1\/devices\/enroll: .*ECONNREFUSED/)
})

t.test('each verb explains itself, and a verb that does not exist is named', async t => {
  const cwd = t.testdir()
  for (const verb of ['fleet', 'report', 'world', 'conformance']) {
    const { code, out } = await run([verb, '--help'], cwd)
    t.equal(code, 0, verb)
    t.match(out, `drover-simulator ${verb}`)
  }
  const [none, wrong, help] = await Promise.all([run([], cwd), run(['flet'], cwd), run(['--help'], cwd)])
  t.strictSame([none.code, wrong.code, help.code], [2, 2, 0])
  t.match(wrong.err, 'unknown verb "flet": expected one of fleet, report, world, conformance')
  t.match(help.out, 'Usage: drover-simulator VERB')
})
