// What the doctor says of the files of TLS.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseConfig } from '../../../agent/settings/config.ts'
import { checkCertificates } from '../../../agent/verbs/doctor-tls.ts'
import { Authority } from '../../fixtures/certificates.ts'

const authority = new Authority()
const day = 24 * 3_600_000
const lasting = { validTo: new Date(Date.now() + 60 * day) }
const own = authority.issue({ name: 'hall', use: 'client', ...lasting })
const brief = authority.issue({ name: 'hall', use: 'client' })
const past = authority.issue({
  name: 'hall',
  validFrom: new Date(Date.now() - 3 * day),
  validTo: new Date(Date.now() - day),
})
const other = authority.issue({ name: 'cellar', use: 'client', ...lasting })

t.test('files that are right, and each thing that can be wrong with them', async t => {
  const folder = t.testdir({
    ...{ ca: other.cert, own: own.cert, key: own.key, brief: brief.cert, briefKey: brief.key },
    ...{ past: past.cert, pastKey: past.key, other: other.cert, otherKey: other.key, junk: 'junk' },
  })
  const told = async (tls: object | undefined, url = 'mqtts://broker.example', nowMs = Date.now()) => {
    const config = parseConfig(
      JSON.stringify({
        ...{ deviceId: 'hall', url, dataDir: 'data', trustFile: 'trust', ...(tls === undefined ? {} : { tls }) },
        ...{ vendorId: '00'.repeat(16), classId: '11'.repeat(16) },
        components: [{ name: 'words', version: '1.0.0', installer: 'file', file: '/f' }],
      }),
      join(folder, 'agent.json'),
    )
    const request = { clock: { wallMs: () => nowMs } }
    const findings = await checkCertificates({ config, request } as Parameters<typeof checkCertificates>[0])
    return findings.map(({ level, text }) => `${level} ${text}`)
  }
  const pair = { certFile: 'own', keyFile: 'key' }
  const rows: readonly (readonly [name: string, tls: object | undefined, told: readonly RegExp[]])[] = [
    ['none', undefined, [/^ok tls\.caFile: none/]],
    ['all right', { caFile: 'ca', ...pair }, [/^ok tls\.caFile: .* lasts until/, /^ok tls\.certFile: .* lasts until/]],
    ['absent', { caFile: 'absent' }, [/^fail tls\.caFile: .*absent: ENOENT/]],
    ['no PEM', { caFile: 'junk' }, [/^fail tls\.caFile: .*: holds no certificate/]],
    ['ends soon', { certFile: 'brief', keyFile: 'briefKey' }, [/^ok/, /^warn tls\.certFile: .* lasts until/]],
    ['has ended', { certFile: 'past', keyFile: 'pastKey' }, [/^ok/, /^fail tls\.certFile: .*: it has ended/]],
    [
      'of another device',
      { certFile: 'other', keyFile: 'otherKey' },
      [/^ok/, /^ok/, /is for "cellar", this device is hall/],
    ],
    ['another key', { certFile: 'own', keyFile: 'otherKey' }, [/^ok/, /^ok/, /^fail tls\.keyFile: .* of another/]],
    ['no key', { certFile: 'own', keyFile: 'junk' }, [/^ok/, /^ok/, /^fail tls\.keyFile: .*: holds no private key/]],
  ]
  for (const [name, tls, expected] of rows) {
    const found = await told(tls)
    t.equal(found.length, expected.length, `${name}: ${found.join('; ')}`)
    for (const [index, words] of expected.entries()) t.match(found[index], words, name)
  }
  t.match(await told(pair, 'mqtts://b', Date.now() - 2 * day), [/^ok/, /^fail .* is not valid yet/])
  t.match(await told(undefined, 'mqtt://broker.example'), [/^warn the line is without TLS/])
  t.match(await told(undefined, 'mqtt://127.0.0.1'), [/^ok/])

  // The newest that the agent has been given since counts, whatever became of the one it was provisioned with.
  const next = authority.issue({ name: 'hall', validFrom: new Date(Date.now() - 1000), ...lasting })
  mkdirSync(join(folder, 'data/certificate'), { recursive: true })
  writeFileSync(join(folder, 'data/certificate/renewed.pem'), next.key + next.cert)
  for (const tls of [pair, { certFile: 'past', keyFile: 'pastKey' }, { certFile: 'absent', keyFile: 'key' }]) {
    const found = await told(tls)
    t.match(found, [/^ok/, /^ok renewed by the agent: .*renewed\.pem lasts until/])
    t.equal(found.length, 2)
  }
})
