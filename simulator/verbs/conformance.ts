// `drover-simulator conformance`: any device against a broker that misbehaves by a script, and the report card of it.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemRandom } from '../../broker/adapters/system-clock.ts'
import { newSecret } from '../../broker/use-cases/secrets.ts'
import { deviceId } from '../../proto/ids.ts'
import { commandCandidate, type Provision } from '../conformance/candidate.ts'
import { cardOf, cardText, lineOf } from '../conformance/card.ts'
import type { Case } from '../conformance/case.ts'
import { families } from '../conformance/case.ts'
import { allCases } from '../conformance/cases/all.ts'
import type { Patience } from '../conformance/examination.ts'
import { examine } from '../conformance/examine.ts'
import { exits, UsageError, type VerbHost } from './verb-host.ts'

export const help = `drover-simulator conformance: a device of any make against docs/PROTOCOL.md

Usage: drover-simulator conformance --device ID [--run 'COMMAND'] [flags]

  --device ID              id of the device; with --run its devices are ID-1, ID-2 …
  --run COMMAND            starts a device: a command of the shell with {host} {port} {device} {secret} {trust} {folder}
                           {image} {vendor} {class} {component} {version} in it. It is killed and started again in some
                           cases, and whenever it ends. Without it the tool waits for a device that runs already
  --lanes N                devices side by side with --run, 1 to 16 (2)
  --listen HOST:PORT       where the device finds the broker (127.0.0.1:1884; with --run a free port for each device)
  --secret-file FILE       first line: the MQTT password of the device (else one is made and shown)
  --vendor HEX --class HEX ids of 32 hex digits that the device has (11… and 22…)
  --component NAME         the component that is updated (main)
  --image FILE             what every image begins with: a device that starts its image needs a program
  --broken-image FILE      begins an image that starts and is not well, for the case of the rollback
  --silence SECONDS        after how much silence the device asks again in a download, 1 to 60 (10)
  --patience FACTOR        all limits so many times as long, 0.01 to 100 (1)
  --only NAME              a case or a family; again for more
  --quick                  the short examination
  --slow                   also what takes minutes of silence
  --folder DIR             where all of it happens, and the logs of the devices stay (else a temporary folder)
  --list                   all cases, and nothing is done
  --json                   the card as one JSON document on standard output

Families: ${families.join(', ')}
The keys of the examination are known to everybody: never provision a device that matters with its trust document.

Examples:
  drover-simulator conformance --device probe --run 'exec ./agent --port {port} --id {device} --trust {trust}'
  drover-simulator conformance --device probe --listen 0.0.0.0:1884 --secret-file secret --only chunks
Exit codes: 0 nothing failed · 1 something failed · 2 command line · 130 interrupted
`

const text = { type: 'string' } as const
const yes = { type: 'boolean' } as const
const options = {
  device: text,
  run: text,
  lanes: text,
  listen: text,
  'secret-file': text,
  vendor: text,
  class: text,
  component: text,
  image: text,
  'broken-image': text,
  silence: text,
  patience: text,
  folder: text,
  only: { type: 'string', multiple: true },
  quick: yes,
  slow: yes,
  list: yes,
  json: yes,
} as const
type Flags = ReturnType<typeof parseArgs<{ options: typeof options; strict: true }>>['values']

const listenDefault = '127.0.0.1:1884'

export async function conformance(args: readonly string[], host: VerbHost): Promise<number> {
  const flags = flagsOf(args)
  const cases = casesOf(flags)
  if (flags.list) {
    for (const { name, family, section, must } of cases)
      host.stdout.write(`${family.padEnd(12)}${name.padEnd(34)}${section.padEnd(22)}${must}\n`)
    return exits.expected
  }
  const device = flag('device', flags.device, deviceId)
  const recipient = {
    vendorId: flag('vendor', flags.vendor ?? '11'.repeat(16), identity),
    classId: flag('class', flags.class ?? '22'.repeat(16), identity),
    component: flags.component ?? 'main',
  }
  const address = flag('listen', flags.listen ?? listenDefault, listenAddress)
  const lanes = number('lanes', flags.lanes, 1, 16, 2)
  const patience = patienceOf(flags)
  const read = (name: string, path: string): Promise<Buffer> => fileOf(name, resolve(host.cwd, path))
  const secret =
    flags['secret-file'] === undefined
      ? newSecret(systemRandom)
      : ((await read('secret-file', flags['secret-file'])).toString('utf8').split(/\r?\n/)[0] ?? '')
  if (secret === '') throw new UsageError('--secret-file: expected the password in the first line')
  const imageHead = flags.image === undefined ? Buffer.alloc(0) : await read('image', flags.image)
  const broken = flags['broken-image']
  const brokenHead = broken === undefined ? undefined : await read('broken-image', broken)

  const say = (text: string): void => (flags.json ? host.stderr : host.stdout).write(text)
  const folder = flags.folder === undefined ? undefined : resolve(host.cwd, flags.folder)
  if (folder !== undefined) await mkdir(folder, { recursive: true })
  // Each examination in a folder of its own: nothing of an earlier one is found.
  const own = await mkdtemp(join(folder ?? tmpdir(), 'conformance-'))
  try {
    const examined = await examine({
      ...{ cases, device, secret, recipient, patience, imageHead, brokenHead, lanes, folder: own },
      ...{ ...address, signal: host.signal },
      candidate:
        flags.run === undefined ? undefined : commandCandidate(flags.run, { ...host.environment }, host.signal),
      waitsFor: provision => {
        if (flags.run === undefined) say(waitingText(provision))
      },
      told: (one, result) => say(lineOf({ one, result })),
    })
    const card = cardOf(device, examined)
    say(cardText(card))
    if (flags.json) host.stdout.write(`${JSON.stringify(card)}\n`)
    return card.passed ? exits.expected : exits.failed
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === 'listen')
      throw new UsageError(`--listen ${flags.listen ?? listenDefault}: ${code}`, { cause: error })
    if (!host.signal.aborted) throw error
    say('interrupted\n')
    return exits.interrupted
  } finally {
    if (folder === undefined) await rm(own, { recursive: true, force: true })
    else say(`logs and records: ${own}\n`)
  }
}

function flagsOf(args: readonly string[]): Flags {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause })
  }
}

function casesOf({ only = [], quick = false, slow = false }: Flags): readonly Case[] {
  for (const name of only)
    if (!allCases.some(one => one.name === name || one.family === name))
      throw new UsageError(`--only ${name}: expected a case or a family; --list shows them`)
  return allCases.filter(
    one =>
      (only.length === 0 || only.includes(one.name) || only.includes(one.family)) &&
      (!quick || one.quick === true) &&
      (slow || one.slow !== true || only.includes(one.name)),
  )
}

function patienceOf(flags: Flags): Patience {
  const factor = number('patience', flags.patience, 0.01, 100, 1)
  const silenceMs = number('silence', flags.silence, 0.05, 60, 10) * 1000
  const silences = Array.from({ length: 9 }, (_, at) => Math.min(60_000, silenceMs * 2 ** at))
  const givingUp = silences.reduce((sum, each) => sum + each, 0)
  return {
    answerMs: 10_000 * factor,
    quietMs: 600 * factor,
    reconnectMs: 70_000 * factor,
    updateMs: 60_000 * factor,
    silenceMs: silenceMs * 1.5 * factor + 1000,
    givingUpMs: givingUp * 1.2 * factor + 30_000,
  }
}

function waitingText({
  host,
  port,
  device,
  secret,
  trust,
  vendor,
  class: classId,
  component,
  version,
}: Provision): string {
  return [
    'Configure the device so, and start it. It is examined once it is connected:',
    `  broker          mqtt://${host}:${port}`,
    `  device id       ${device}`,
    `  password        ${secret}`,
    `  trust document  ${trust}`,
    `  vendor id       ${vendor}`,
    `  class id        ${classId}`,
    `  component       ${component}, any version from ${version} on`,
    '',
    '',
  ].join('\n')
}

/** Throws UsageError naming the flag. */
function flag<T>(name: string, text: string | undefined, parse: (text: string) => T): T {
  if (text === undefined) throw new UsageError(`--${name}: required`)
  try {
    return parse(text)
  } catch (cause) {
    throw new UsageError(`--${name}: ${(cause as Error).message}`, { cause })
  }
}

function number(name: string, text: string | undefined, least: number, most: number, absent: number): number {
  if (text === undefined) return absent
  const value = Number(text)
  if (text.trim() === '' || !(value >= least && value <= most))
    throw new UsageError(`--${name} ${text}: expected a number from ${least} to ${most}`)
  return value
}

function identity(text: string): string {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new RangeError('expected 32 lower-case hex digits')
  return text
}

function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] =
    /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)?.filter(part => part !== undefined) ?? []
  if (host === '' || Number(port) > 65_535) throw new RangeError('expected HOST:PORT')
  return { host, port: Number(port) }
}

async function fileOf(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new UsageError(`--${name}: ${(cause as Error).message}`, { cause })
  }
}
