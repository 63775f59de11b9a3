#!/usr/bin/env node
// npm run demo: a broker, 25 devices, one signed image, five devices with a quirk. It starts the real programs as
// processes, imports none of them, and ends with 0 only when every device ended exactly as expected.
//
//   fresh folder ▶ rollout.ts (the story) ▶ proof.ts (was it as promised?) ▶ tables or JSON ▶ everything stopped
import { mkdtemp, readFile, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { limited, nowMs } from './clock.ts'
import { Display, grouped } from './demo/display.ts'
import { DemoFailed } from './demo/failure.ts'
import { differences } from './demo/proof.ts'
import { type DemoReport, reportOf } from './demo/report.ts'
import { rollOut } from './demo/rollout.ts'
import { plans } from './demo/scenario.ts'
import { type BrokerAddress, Stage } from './demo/stage.ts'

const limitMs = 120_000
/** Of a log, when something went wrong. */
const tailLines = 15
const exits = { expected: 0, failed: 1, usage: 2, interrupted: 130 }
const help = `npm run demo [-- --json] [-- --keep]

A broker and ${plans.length} devices on this machine; a signed image goes to all of them; five have a quirk.

  --json   one JSON document on standard output, nothing else there
  --keep   leave broker and devices running and tell where
  --help   this

Exit codes: 0 all ended as expected · 1 something did not · 2 command line · 130 interrupted
`

interface Wishes {
  readonly json: boolean
  readonly keep: boolean
}

process.exitCode = await main()

async function main(): Promise<number> {
  let wishes: Wishes & { readonly help: boolean }
  try {
    const flag = { type: 'boolean', default: false } as const
    wishes = parseArgs({ options: { json: flag, keep: flag, help: { ...flag, short: 'h' } } }).values
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n\n${help}`)
    return exits.usage
  }
  if (wishes.help) {
    process.stdout.write(help)
    return exits.expected
  }
  return demo(wishes)
}

async function demo({ json, keep }: Wishes): Promise<number> {
  const startedMs = nowMs()
  const run = new AbortController()
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interrupted = true
      run.abort(new DemoFailed(`interrupted by ${signal}; stopping what was started`))
    })
  const display = new Display(json ? process.stderr : process.stdout, plans.length, startedMs)
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'drover-demo-')))
  const stage = new Stage({
    programs: {
      broker: program('broker/main.js'),
      agent: program('agent/boot.js'),
      cli: program('operator/cli/main.js'),
    },
    surroundings: {
      node: process.execPath,
      environment: environment(folder),
      folder,
    },
    signal: run.signal,
    fail: reason => run.abort(reason),
  })
  const unlimited = limited(run, limitMs, () => {
    const waiting = stage.unfinished()
    const names = waiting.length === 0 ? '' : `; not at their end: ${waiting.map(({ id }) => id).join(' ')}`
    const logs = [stage.brokerLog, ...waiting.slice(0, 5).map(({ logFile }) => logFile)]
    return new DemoFailed(`not done within ${limitMs / 1000} s${names}`, logs)
  })
  let left = false
  try {
    display.tell(`everything of this demo is in ${stage.folder}`)
    const { findings, address } = await rollOut(stage, display)
    const different = differences(findings)
    const report = reportOf(findings, different, nowMs() - startedMs)
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
    else tell(report, display)
    await tellDifferences(report, stage)
    if (keep) {
      left = true
      tellKept(await stage.leave(), address, stage, report, display)
    }
    return report.ok ? exits.expected : exits.failed
  } catch (error) {
    display.closeBars()
    await tellFailure(run.signal.aborted ? run.signal.reason : error)
    return interrupted ? exits.interrupted : exits.failed
  } finally {
    unlimited()
    if (!left) {
      const killed = await stage.stop()
      if (killed.length > 0) process.stderr.write(`demo: had to be killed: ${killed.join(' ')}\n`)
      if (keep) process.stderr.write(`demo: the logs are in ${stage.folder}\n`)
      else await stage.removeFolder()
    }
  }
}

function tell(report: DemoReport, display: Display): void {
  const { bytesImage, bytesDownloaded, savings, resumed, elapsedMs, devices, transfer } = report
  display.tables(report)
  const percent = (bytes: number, of: number): string => `${((100 * bytes) / of).toFixed(1)} %`
  const loaders = devices.filter(device => device.bytesDownloaded > 0)
  const average = bytesDownloaded / Math.max(loaders.length, 1)
  display.say(
    `The image has ${grouped(bytesImage)} bytes; the ${loaders.length} devices that downloaded took ` +
      `${percent(average, bytesImage)} of it on average.`,
  )
  display.say(
    `Chunks that follow the content need not carry ${percent(savings.contentDefinedBytes, bytesImage)} of it; ` +
      `chunks of ${savings.fixedChunkBytes / 1024} KiB at fixed offsets would save ${percent(savings.fixedBytes, bytesImage)}.`,
  )
  if (transfer !== null)
    display.say(
      `The operation adds up what they say: of ${grouped(transfer.imageBytes)} bytes for ${transfer.devices} devices ` +
        `${percent(transfer.wireBytes, transfer.imageBytes)} were sent; ${grouped(transfer.saved.held)} the devices had.`,
    )
  if (resumed !== null)
    display.say(
      `The device that was cut off held ${grouped(resumed.heldBytes)} of the ${grouped(resumed.missingBytes)} bytes it ` +
        `lacked and fetched ${grouped(resumed.fetchedBytes)} after its return.`,
    )
  const seconds = (elapsedMs / 1000).toFixed(1)
  if (report.ok) display.say(`All ${devices.length} devices ended exactly as expected, after ${seconds} s.`)
}

async function tellDifferences({ differences: different }: DemoReport, stage: Stage): Promise<void> {
  if (different.length === 0) return
  const devices = new Set(different.map(text => text.split(':')[0] ?? ''))
  const logs = [...devices].map(device => stage.logOf(device)).filter(log => log !== undefined)
  for (const log of logs.slice(0, 3)) process.stderr.write(await tailOf(log))
  process.stderr.write(`\ndemo: not as expected:\n${different.map(text => `  - ${text}\n`).join('')}`)
}

function tellKept(
  stopScript: string,
  { url, tokenFile, mqttPort }: BrokerAddress,
  stage: Stage,
  report: DemoReport,
  display: Display,
): void {
  const drover = `node ${stage.programs.cli} --url ${url} --token-file ${tokenFile}`
  display.say(
    [
      '',
      `Broker and devices go on running in ${stage.folder}`,
      `  HTTP ${url}, MQTT 127.0.0.1:${mqttPort}, administrator's token in ${tokenFile}`,
      `  logs: broker.log, devices/${plans[0]?.id}/log and so on`,
      'Look further:',
      `  ${drover} devices list`,
      `  ${drover} operation show ${report.operation.id}`,
      `  ${drover} events list --operation ${report.operation.id}`,
      'Stop everything and remove it:',
      `  ${stopScript} && rm -r ${stage.folder}`,
    ].join('\n'),
  )
}

async function tellFailure(error: unknown): Promise<void> {
  if (!(error instanceof DemoFailed)) {
    process.stderr.write(`\ndemo: ${(error as Error).stack}\n`)
    return
  }
  for (const log of error.logs) process.stderr.write(await tailOf(log))
  process.stderr.write(`\ndemo: ${error.message}\n`)
}

async function tailOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(error => `cannot be read: ${(error as Error).message}`)
  return `\n── end of ${file}\n${text.trimEnd().split('\n').slice(-tailLines).join('\n')}\n`
}

/** Beside this file in the compiled tree. */
function program(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}

/** Ours without settings for a broker, a device or an operator of this machine. */
function environment(folder: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('DROVER_'))
  // Dozens of processes load the same code: from Node 22 on it is compiled once.
  return { ...Object.fromEntries(others), NODE_COMPILE_CACHE: join(folder, 'compiled') }
}
