// The command line before the real broker and devices that speak the protocol: one fleet, one evening, every noun. What
// devices do with commands and configurations is told in test/stories/commands.test.ts, by the same command line.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeImage } from '../../fixtures/bundle.ts'
import { LightDevice } from '../../stories/light-device.ts'
import { startBroker, untilValue } from '../../stories/process.ts'
import { drover, type Ended } from './run.ts'

const ids = ['sensor-1', 'sensor-2', 'sensor-3']

/** Says a line, and what came of it; `~` stands for a blank inside a word. */
function desk(t: Test, env: object) {
  const says = async (line: string, { code = 0, as = env } = {}): Promise<Ended> => {
    const ended = await drover([...line.split(' ').map(part => part.replaceAll('~', ' ')), '--json'], { ...as })
    t.equal(ended.code, code, `${line}: ${ended.stderr}`)
    return ended
  }
  const one = async (line: string, options = {}) => (await says(line, options)).lines[0]
  return { says, one }
}

t.test('one evening with a fleet, from the keys to the verified audit', { timeout: 110_000 }, async t => {
  const folder = t.testdir({
    image: makeImage(20_000),
    'list.csv': 'sensor-1\nsensor-2\nabsent\n',
    'patch.json': '{"a":1}',
  })
  const path = (name: string): string => join(folder, name)
  t.equal((await drover(['keys', 'create', '--out', path('keys')])).code, 0)
  const broker = await startBroker(folder, undefined, ['--operations-key', path('keys/operations.pem')])
  t.teardown(() => broker.kill())
  const url = { DROVER_URL: `http://127.0.0.1:${broker.httpPort}` }
  const admin = { ...url, DROVER_TOKEN_FILE: path('data/admin-token') }
  const second = { ...url, DROVER_TOKEN_FILE: path('second.token') }
  const { says, one } = desk(t, admin)
  const sign = `--vendor-id ${'11'.repeat(16)} --class-id ${'22'.repeat(16)} --key ${path('keys/release.pem')}`
  await says(
    `artifact create --image ${path('image')} --component main --version 2.0.0 ${sign} --out ${path('a.bundle')}`,
  )
  const { installedSha256: digest } = await one(`artifact upload ${path('a.bundle')}`)
  await says(`devices enroll ${ids.join(' ')} --out-dir ${path('passwords')}`)
  const { secret } = await one('devices secret renew sensor-3')
  for (const id of ids) {
    const password = id === 'sensor-3' ? secret : readFileSync(path(`passwords/${id}`), 'utf8').trim()
    const failure = id === 'sensor-2' ? ({ failure: 'UPD4_FAIL_33' } as const) : {}
    const target = { version: '2.0.0', digest }
    const device = new LightDevice({ id, secret: password, mqttPort: broker.mqttPort, target, stepMs: 20, ...failure })
    device.start()
    t.teardown(() => device.stop())
  }
  const old = ['devices', 'list', '--filter', 'component=main&version=1.0.0', '--all', '--json']
  await untilValue(async () => ((await drover(old, admin)).lines.length === 3 ? true : undefined))

  await says('principals create second --role viewer --out '.concat(path('second.token')))
  await says('operation create --type reboot --all', { as: second, code: 3 })
  t.match(await one('principals role second approver'), { role: 'approver' })
  t.match(await one('devices tag sensor-1 --add canary,hall'), { tags: ['canary', 'hall'] })
  t.match(await one('devices group sensor-1 berlin'), { group: 'berlin' })
  t.match(await one('devices attribute sensor-1 floor=2 room=a'), { attributes: { floor: '2', room: 'a' } })
  t.match(await one('devices attribute sensor-1 room='), { attributes: { floor: '2' } })
  t.match(await one('devices list --filter group=berlin&tag=canary&attributes.floor__gte=2'), { id: 'sensor-1' })
  t.match((await drover([...old, '--filter', 'colour=red'], admin)).stderr, /"name":"--filter"/)

  const update = 'operation create --release main@2.0.0 --filter component=main&version=1.0.0'
  const plan = await one(`${update} --dry-run`)
  t.match(plan, { object: 'operation-plan', sensors: 3, complete: true })
  t.match((await says('operation list')).lines, [], 'the plan made nothing')
  const policy = '--concurrency 2 --waves 50%:50/100,100%:0/100 --abort FAIL:90%:stop:min=50 --approval --priority 7'
  const { id } = await one(`${update} ${policy} --request-id evening-1`)
  t.equal((await one(`${update} ${policy} --request-id evening-1`)).id, id, 'the same request is the same operation')
  t.match(await one(`operation show ${id}`), { state: 'awaiting-approval', policy: { priority: 7, concurrency: 2 } })
  t.match(await one(`operation explain ${id} sensor-1`), { device: 'sensor-1', rule: String, message: String })
  await says(`operation approve ${id}`, { code: 3 })
  t.match(await one(`operation approve ${id}`, { as: second }), { approvedBy: 'second' })
  const watched = await says(`operation watch ${id}`, { code: 1 })
  t.match(watched.lines.at(-1), { state: 'completed', sensors: 3, updated: 2, errors: 1 })
  t.match((await says(`operation executions ${id} --result errors`)).lines, [
    { device: 'sensor-2', code: 'UPD4_FAIL_33' },
  ])
  t.equal((await says(`operation executions ${id} --result updated`)).lines.length, 2)
  t.match(await one(`operation errors ${id}`), { errors: 1, reasons: [{ reason: 'Update error', count: 1 }] })
  t.match(await one(`operation explain ${id} sensor-2`), { state: 'failed' })
  await says(`operation export ${id} -o ${path('a.csv')}`)
  const rows = readFileSync(path('a.csv'), 'utf8').trim().split('\r\n')
  t.equal(rows.length, 4, 'a head and three devices')
  t.match(
    rows.find(row => row.includes('sensor-2')),
    /UPD4_FAIL_33/,
  )
  t.same(
    (await drover(old, admin)).lines.map(device => device.id),
    ['sensor-2'],
    'who still runs the old version',
  )

  const retried = await one(`operation retry-failed ${id}`)
  t.match(retried, { origin: { operation: id } })
  await says(`operation approve ${retried.id}`, { as: second })
  t.match((await says(`operation watch ${retried.id}`, { code: 1 })).lines.at(-1), { sensors: 1, errors: 1 })

  const later = await one('operation create --type reboot --all --start-at +2h --window 0~22~*~*~*/60/Europe/Berlin')
  t.match(later, { type: 'reboot', state: 'scheduled', policy: { schedule: { windows: [{ minutes: 60 }] } } })
  t.match(await one(`operation edit ${later.id} --rate 30 --concurrency 25%`), {
    policy: { rate: { maximumPerMinute: 30 } },
  })
  t.match(await one(`operation edit ${later.id} --rate none --window none`), {
    policy: { rate: null, schedule: { windows: [] } },
  })
  t.match(await one(`operation pause ${later.id}`), { pause: { by: 'admin' } })
  t.match(await one(`operation resume ${later.id}`), { pause: null })
  await says(`operation override ${later.id} --reason fire`, { code: 3 })
  t.match(await one(`operation stop ${later.id}`), { stoppedBy: 'admin' })
  await untilValue(async () => ((await one(`operation show ${later.id}`)).state === 'stopped' ? true : undefined))
  await says(`operation export ${later.id} --out ${path('stopped.csv')}`)

  writeFileSync(path('arguments.json'), '{"times":3}')
  const command = `operation create --type command --command blink --arguments ${path('arguments.json')} --start-at +2h`
  const signed = await one(`${command} --device sensor-1 --key ${path('keys/release.pem')}`)
  t.match(signed, { type: 'command', sensors: Number })
  await says(`operation remove-device ${signed.id} sensor-1`)
  await says(`${command} --device sensor-1`, { code: 2 })
  const change = await one(
    `operation create --type config-change --merge-patch ${path('patch.json')} --all --start-at +2h`,
  )
  t.match(change, { type: 'config-change', arguments: { format: 'merge-patch' } })
  t.match((await says(`operation backups ${change.id}`)).lines, [])
  await says(`backup get ${change.id} sensor-1`, { code: 3 })
  const listed = await one(`operation create --release main@2.0.0 --from-csv ${path('list.csv')} --start-at +2h`)
  await untilValue(async () => ((await one(`operation show ${listed.id}`)).sensors === 3 ? true : undefined))
  for (const { id: open } of (await says('operation list --all')).lines)
    await drover(['operation', 'stop', open], admin)

  const { id: hook } = await one('webhooks create http://127.0.0.1:9/x --events operation.completed,operation.paused')
  t.match((await says('webhooks list')).lines, [{ id: hook }])
  await says(`webhooks delete ${hook} --yes`)

  const { id: first } = await one('events list --order ASC --limit 1')
  const [followed] = (await says(`events follow --after ${first} --limit 2`)).lines
  const [next] = (await says(`events list --order ASC --limit 1 --after ${first}`)).lines
  t.equal(followed.id, next.id, 'a stream goes on where the list ended')

  await says('devices deregister sensor-2 --yes')
  await says('devices show sensor-2', { code: 3 })
  const { token } = await one('principals token renew second')
  await says('devices list', { as: second, code: 3 })
  await says('devices list', { as: { ...url, DROVER_TOKEN: token } })
  await says('principals delete second --yes')
  await says('devices list', { as: { ...url, DROVER_TOKEN: token }, code: 3 })

  await says(`audit export --out ${path('audit')}`)
  t.match(await one(`audit verify ${path('audit')} --live`), { intact: true, first: 1 })
  t.match(await one('audit list --limit 1'), { actor: 'admin', action: String, subject: 'second' })
  t.ok((await says(`audit list --operation ${id} --all`)).lines.length >= 2)
  const text = readFileSync(path('audit'), 'utf8')
  writeFileSync(path('audit'), text.replace('"berlin"', '"munich"'))
  t.match(await one(`audit verify ${path('audit')}`, { code: 1 }), { intact: false, problem: 'hash' })
  t.equal(await broker.stop(), 0)
})
