// Both doors of operators before the real use cases: the orchestration attached to a broker, a store in memory, three
// registered devices, a release, one principal of each role.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import type { Test } from 'tap'
import { aedesOptions } from '../../../broker/adapters/aedes/settings.ts'
import { DeviceCa } from '../../../broker/adapters/device-ca.ts'
import { HttpDoor } from '../../../broker/adapters/http/http-door.ts'
import { type HttpSettings, httpSettingsDefaults } from '../../../broker/adapters/http/settings.ts'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { MqttCommands } from '../../../broker/adapters/mqtt-commands.ts'
import { OperationsKey } from '../../../broker/adapters/operations-key.ts'
import { systemClock, systemRandom } from '../../../broker/adapters/system-clock.ts'
import type { Principal, PrincipalRole } from '../../../broker/core/records.ts'
import { attach } from '../../../broker/plugin.ts'
import type { Log, LogFields } from '../../../broker/ports.ts'
import type { UseCases } from '../../../broker/use-cases/use-cases.ts'
import { makeBundle, type TestBundle, testClassId, testVendorId } from '../../fixtures/bundle.ts'
import { Authority } from '../../fixtures/certificates.ts'
import { device, putDevice } from '../../suites/store-samples.ts'

export interface RealDoors {
  readonly url: string
  readonly useCases: UseCases
  readonly store: CountingStore
  readonly bundle: TestBundle
  readonly principals: Readonly<Record<PrincipalRole, Principal>>
  readonly tokens: Readonly<Record<PrincipalRole, string>>
  /** The answer that came on `accepted` or `rejected`. */
  command(by: Principal, verb: string, body: object | Uint8Array): Promise<MqttAnswer>
  /** Warnings and errors. */
  readonly complaints: LogFields[]
}
export interface MqttAnswer {
  readonly accepted: boolean
  readonly message: { readonly code?: string; readonly result?: unknown; readonly message?: string }
}

/** Tells whether anything was written. */
export class CountingStore extends MemoryStore {
  commitCount = 0
  override commit(...args: Parameters<MemoryStore['commit']>): ReturnType<MemoryStore['commit']> {
    this.commitCount += 1
    return super.commit(...args)
  }
}

/** `authority: false`: the broker signs no certificates. */
export async function openRealDoors(
  t: Test,
  settings: Partial<HttpSettings> = {},
  { authority = true }: { readonly authority?: boolean } = {},
): Promise<RealDoors> {
  const folder = t.testdir()
  const store = new CountingStore()
  for (const name of ['sensor-1', 'sensor-2', 'sensor-3'])
    await store.commit([putDevice(device(name), { vendorId: testVendorId, classId: testClassId })])
  const complaints: LogFields[] = []
  const ignore = (): void => undefined
  const complain = (fields: LogFields): void => {
    if (fields.event !== 'http-request') complaints.push(fields)
  }
  const log: Log = { debug: ignore, info: ignore, warn: complain, error: complain }

  const keyFile = join(folder, 'operations.pem')
  await writeFile(keyFile, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const ca = new Authority()
  await writeFile(join(folder, 'ca.cert'), ca.cert)
  await writeFile(join(folder, 'ca.key'), ca.key)
  const certificateAuthority = await DeviceCa.open({
    ...{ certFile: join(folder, 'ca.cert'), keyFile: join(folder, 'ca.key'), days: 1 },
    ...{ clock: systemClock, random: systemRandom },
  })
  const aedes = await Aedes.createBroker(aedesOptions())
  const drover = await attach(aedes, {
    ...{ dataDir: folder, store, log },
    ...(authority ? { certificateAuthority } : {}),
    signer: await OperationsKey.open(keyFile),
  })
  t.teardown(async () => {
    await drover.close()
    await new Promise<void>(resolve => aedes.close(resolve))
  })
  const { useCases } = drover
  let adminToken = ''
  await drover.firstAdministrator(async token => {
    adminToken = token
  })
  const admin = await principalOf(useCases, adminToken)
  const tokens = { admin: adminToken } as Record<PrincipalRole, string>
  const principals = { admin } as Record<PrincipalRole, Principal>
  for (const role of ['viewer', 'operator', 'approver'] as const) {
    tokens[role] = (await useCases.createPrincipal(admin, { name: `the-${role}`, role })).token
    principals[role] = await principalOf(useCases, tokens[role])
  }
  const bundle = makeBundle({ image: Buffer.from('an image'), version: '2.0.0', component: 'app' })
  await useCases.uploadBundle(admin, once(bundle.bytes))

  const door = await HttpDoor.open({
    useCases,
    log,
    clock: systemClock,
    random: { bytes: randomBytes },
    host: '127.0.0.1',
    port: 0,
    settings: { ...httpSettingsDefaults, failedTokensPerMinute: 1_000_000, ...settings },
    health: () => ({ ready: true, checks: {} }),
    metrics: () => drover.metrics(),
  })
  t.teardown(() => door.close())

  const heard: { readonly topic: string; readonly message: object }[] = []
  const commands = new MqttCommands(useCases, { publish: (topic, message) => heard.push({ topic, message }) }, log)
  return {
    url: `http://127.0.0.1:${door.port}`,
    useCases,
    store,
    bundle,
    principals,
    tokens,
    complaints,
    async command(by, verb, body) {
      heard.length = 0
      await commands.handle(by, verb, body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body)))
      const [answer] = heard
      if (answer === undefined || heard.length !== 1) throw new Error(`${heard.length} answers to ${verb}`)
      return { accepted: /\/accepted\/[^/]*$/.test(answer.topic), message: answer.message }
    },
  }
}

async function principalOf(useCases: UseCases, token: string): Promise<Principal> {
  const principal = await useCases.principalOfToken(token)
  if (principal === undefined) throw new Error('the token is not known')
  return principal
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}
