// T33 of the threat model (docs/THREATS.md) from the other side: not what the broker makes of the secrets it knows, but what
// becomes of those that somebody types where a name, a topic or an address belongs.
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { Scene } from '../agent/codes/scene.ts'
import { ask, type Client, connected, enrolled, principal, topic } from './asking.ts'

const base = 'drover/v1'

t.test('T33 a secret where a name belongs, at every door: in no log, metric, audit, event or export', async t => {
  const scene = await Scene.open(t, { closed: true, debug: true })
  const token = await principal(scene, 'erin', 'admin')
  const secret = await enrolled(scene, 'absent-minded')
  const password = 'Tr0ub4dor-and-3'
  const unknown = randomBytes(32).toString('base64url')
  const canaries = { token, secret, unknown }
  // At the MQTT door: as user name, client id, topic, filter, will, verb and content.
  for (const canary of [...Object.values(canaries), password]) {
    ;(await connected(scene, canary, canary, { clientId: 'c1' })).destroy()
    ;(await connected(scene, 'erin', canary, { clientId: 'c2' })).destroy()
    ;(await connected(scene, 'absent-minded', canary)).destroy()
  }
  let number = 0
  for (const canary of Object.values(canaries)) {
    ;(await connected(scene, canary, '', { clientId: canary })).destroy()
    const acts: ((client: Client) => unknown)[] = [
      client => client.publish(`${base}/devices/${canary}/events`, canary, { qos: 1 }),
      client => client.publish(canary, canary),
      client => client.subscribe(`${base}/devices/${canary}/offer`, canary),
      client => client.publish(topic(`forgetful-${number}`, 'events'), canary, { qos: 1 }),
      client => client.publish(topic(`forgetful-${number}`, 'hello'), canary, { qos: 1, retain: true }),
      client => client.write(Buffer.from([0x30, 0x03, 0x00, 0x07, 0x61, ...Buffer.from(canary)])),
    ]
    for (const act of acts) {
      number += 1
      const name = `forgetful-${number}`
      const client = await connected(scene, name, await enrolled(scene, name))
      await act(client)
      await client.ping()
      client.destroy()
    }
    const teller = `teller-${number}`
    const client = await connected(scene, teller, await principal(scene, teller, 'operator'))
    for (const [verb, body] of [
      ['device-list', `{"requestId":"r1","token":"${canary}"}`],
      ['device-enroll', `{"requestId":"r2","device":"x","password":"${canary}"}`],
      ['device-show', `{"requestId":"r3","id":"${canary}"}`],
      ['device-list', canary],
    ] as const)
      client.publish(`${base}/operators/${teller}/request/${verb}`, body)
    await client.ping()
    client.publish(`${base}/operators/${teller}/request/${canary.toLowerCase()}`, '{}')
    await client.ping()
    client.destroy()
    const will = {
      topic: `${base}/devices/${canary}/presence`,
      payload: Buffer.from(canary),
      qos: 0,
      retain: false,
    } as const
    const rash = `rash-${number}`
    ;(await connected(scene, rash, await enrolled(scene, rash), { will })).destroy()
  }
  // At the HTTP door: in address, query, header and body, believed and not.
  for (const canary of [...Object.values(canaries), password])
    for (const as of [scene.token, undefined]) {
      const by = as === undefined ? {} : { token: as }
      for (const path of [
        `/v1/devices/${canary}`,
        `/v1/devices?after=${canary}`,
        `/${canary}`,
        `/v1/devices?${canary}=1`,
      ])
        await ask(scene, 'GET', path, by)
      for (const headers of [
        { authorization: `Basic ${canary}` },
        { 'x-request-id': canary },
        { cookie: `drover=${canary}` },
        { [canary.replaceAll('_', '-')]: '1' },
      ])
        await ask(scene, 'GET', '/v1/devices', { headers })
      for (const [method, path, body] of [
        ['POST', '/v1/principals', { name: 'x', role: 'viewer', token: canary }],
        ['POST', '/v1/session', { token: canary }],
        ['POST', '/v1/enroll', { device: 'absent-minded', token: canary, csr: canary }],
        ['POST', '/v1/devices/absent-minded/certificate', { csr: canary }],
        ['POST', '/v1/webhooks', { url: `https://x:${canary}@192.0.2.1/?key=${canary}`, events: [canary] }],
      ] as const)
        await ask(scene, method, path, { ...by, body })
    }
  const outputs = new Map([['log of the broker', scene.logged.join('\n')]])
  for (const path of [
    ...[
      '/v1/audit?limit=1000',
      '/v1/audit/export',
      '/v1/principals',
      '/v1/devices?limit=1000',
      '/v1/webhooks',
      '/metrics',
    ],
    ...[
      '/v3/device-events?limit=1000',
      '/v1/devices/absent-minded',
      '/v1/devices/absent-minded/certificates',
      '/readyz',
    ],
  ])
    outputs.set(path, (await ask(scene, 'GET', path, { token: scene.token })).text)
  const found: string[] = []
  for (const [name, canary] of Object.entries({ ...canaries, password }))
    for (const [where, text] of outputs) {
      if (text.includes(canary)) found.push(`${name} in ${where}: ${around(text, canary)}`)
      if (text.includes(createHash('sha256').update(canary).digest('hex'))) found.push(`hash of ${name} in ${where}`)
    }
  t.strictSame(found, [])
  t.match(outputs.get('log of the broker'), /"userName":"nobody's \(43 characters\)"/)
  t.match(outputs.get('log of the broker'), /"userName":"erin"/, 'who is known is told by name')
})

function around(text: string, canary: string): string {
  const at = text.indexOf(canary)
  return text.slice(Math.max(0, at - 160), at + 60)
}
