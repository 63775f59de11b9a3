// The script for bash in a real bash, and what every shell asks.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { notThisTime } from '../../fixtures/cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill, spawned } from './run.ts'

const main = fileURLToPath(new URL('../../../operator/cli/main.js', import.meta.url))
const release = 'app@2.0.0+0011223344556677'

function bash(
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn('bash', ['--norc', '--noprofile', '-c', script], {
    env: { PATH: process.env.PATH ?? '', ...env },
  })
  let text = ''
  const add = (bytes: unknown): void => {
    text += String(bytes)
  }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  return new Promise(resolve => child.once('close', code => resolve({ code, text })))
}

t.test(
  'the printed script completes commands, flags, words, ids and names in bash',
  { timeout: 110_000, skip: notThisTime(3) },
  async t => {
    const door = await openDoor(t)
    fill(door)
    door.useCases.devices.set('hall:1', { ...(door.useCases.devices.get('sensor-1') as object), id: 'hall:1' } as never)
    const folder = t.testdir()
    const rows: readonly (readonly [string, string])[] = [
      ['drover dev', 'devices'],
      ['drover operations star', 'start'],
      ['drover operation start --device sens', 'sensor-1 sensor-2 sensor-3'],
      ['drover operation start --device=sens', 'sensor-1 sensor-2 sensor-3'],
      ['drover operation show ', operation],
      ['drover device show hall:', '1'],
      ['drover artifact upload ', ''],
      ['drover nonsense ', ''],
      [`drover devices show $(touch ${join(folder, 'evaluated')}) `, ''],
    ]
    const lines = rows.map(
      ([line]) =>
        `COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; COMPREPLY=(); _drover_complete drover; echo "\${COMPREPLY[*]}"`,
    )
    const script = [
      `drover() { '${process.execPath}' '${main}' "$@"; }`,
      'source <(drover completion bash)',
      'source <(drover completion bash)',
      'complete -p drover',
      ...lines,
    ].join('\n')
    const patient = { DROVER_COMPLETION_TIMEOUT: '60s' }
    const { code, text } = await bash(script, { ...at(door), ...patient })
    t.equal(code, 0)
    const [registered, ...answers] = text.trimEnd().split('\n')
    t.equal(registered, 'complete -o default -F _drover_complete drover', 'read twice without a word')
    for (const [index, [line, expected]] of rows.entries()) t.equal(answers[index] ?? '', expected, line)
    t.notOk(existsSync(join(folder, 'evaluated')), 'what stands on the line is never run')
  },
)

t.test('what a shell asks: candidates with a word about them, then what else to do', async t => {
  const door = await openDoor(t)
  fill(door)
  const found = {
    id: release,
    component: 'app',
    version: '2.0.0',
    installedSha256: 'ab',
    createdAt: '2030-01-02T03:04:05Z',
  }
  door.useCases.releases.set(release, { ...found, createdBy: 'anna', manifests: [] } as never)
  const ask = (...words: readonly string[]) =>
    drover(['complete', '--', ...words], { ...at(door), DROVER_COMPLETION_TIMEOUT: '60s' })
  const rows: readonly (readonly [string, string])[] = [
    ['operation st', 'start stop'],
    ['operation start --dev', '--device --devices --devices-file'],
    ['operation start --all --release ', 'app@2.0.0'],
    ['operation start --type config-', 'config-backup config-change config-restore'],
    [`operation explain ${operation} sensor-2`, 'sensor-2'],
    ['principals create x --role ', 'viewer operator approver admin'],
    ['principals role the-admin v', 'viewer'],
    ['completion ', 'bash zsh fish'],
    ['devices enroll ', ''],
  ]
  for (const [line, expected] of rows) {
    const lines = (await ask(...line.split(' '))).stdout.trimEnd().split('\n')
    t.equal(
      lines
        .slice(0, -1)
        .map(each => each.split('\t')[0])
        .join(' '),
      expected,
      line,
    )
  }
  t.match(
    (await ask('operation', 'watch', '')).stdout,
    new RegExp(`^${operation}\t.+\n:36\n$`),
    'in the order of the broker',
  )
  t.match((await ask('devices', 'show', 'sensor-2')).stdout, /^sensor-2\tonline\n:4\n$/)
  t.equal((await ask('artifact', 'create', '--image', '')).stdout, ':0\n', 'files are completed by the shell')
  t.match((await ask('help', 'exit')).stdout, /^exit-codes\t\n:4\n$/)
  t.notMatch((await ask('')).stdout, /complete\t/)
  const { stdout } = await ask('devices', 'list', '--')
  for (const flag of ['--filter', '--url', '--json']) t.match(stdout, `${flag}\t`)
})

t.test('a fleet is longer than a page: what is asked begins shortly before the prefix', async t => {
  const door = await openDoor(t)
  fill(door)
  for (let number = 0; number < 300; number += 1) {
    const id = `a-${String(number).padStart(4, '0')}`
    door.useCases.devices.set(id, { ...(door.useCases.devices.get('sensor-1') as object), id } as never)
  }
  const sorted = [...door.useCases.devices.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
  door.useCases.listDevices = async (_by, { after = '', limit = 50 }) => {
    const data = sorted.filter(({ id }) => id > after).slice(0, limit)
    return { object: 'list', data, limit, after, has_more: true }
  }
  t.match(
    (await drover(['complete', '--', 'devices', 'show', 'sensor-'], { ...at(door), DROVER_COMPLETION_TIMEOUT: '60s' }))
      .stdout,
    /^sensor-1\t.*\nsensor-2\t.*\nsensor-3\t/,
  )
})

t.test('without a broker, a token, or an answer it completes what it knows, quietly and soon', async t => {
  const rows: readonly Readonly<Record<string, string>>[] = [
    {},
    { DROVER_URL: 'http://127.0.0.1:1', DROVER_TOKEN: 'x' },
    { DROVER_URL: 'no address', DROVER_TOKEN: 'x' },
  ]
  for (const env of rows) {
    t.match(await drover(['complete', '--', 'devices', 'show', ''], env), { code: 0, stdout: ':4\n', stderr: '' })
    t.match(await drover(['complete', '--', 'devices', 'sh'], env), { code: 0, stdout: /^show\t/, stderr: '' })
  }
  const door = await openDoor(t)
  door.useCases.listDevices = () => new Promise(() => undefined)
  const hurried = { ...at(door), DROVER_COMPLETION_TIMEOUT: '50ms' }
  const slow = await drover(['complete', '--', 'devices', 'show', ''], hurried)
  t.match(slow, { code: 0, stdout: ':4\n', stderr: '' }, 'a broker that hangs does not hang the shell')
})

t.test('zsh and fish get a script that asks the same', async t => {
  t.match(await spawned(['completion', 'zsh']), {
    code: 0,
    stdout: /^#compdef drover[\s\S]*drover complete -- /,
    stderr: '',
  })
  t.match(await spawned(['completion', 'fish']), {
    code: 0,
    stdout: /fish completion for drover[\s\S]*drover complete -- /,
    stderr: '',
  })
  t.match(await spawned(['completion', 'csh']), { code: 2, stdout: '', stderr: /bash, zsh, fish/ })
})
