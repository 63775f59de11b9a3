#!/usr/bin/env node
// drover-broker: the standalone server on a data directory. Opens from the bottom up, MQTT last, so that a device that
// connects finds everything there; closes from the top down, each once, even when another fails.
//
//   certificates ▶ store, artifacts ▶ aedes ▶ attach ▶ HTTP ▶ MQTT listeners ▶ ready     SIGTERM, SIGINT: the same way back
//                                                                           SIGHUP: certificates and trust documents are read again
import { mkdir, open as openFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Aedes } from 'aedes'
import { type Logger, pino } from 'pino'
import { aedesOptions } from './adapters/aedes/settings.ts'
import { DeviceCa } from './adapters/device-ca.ts'
import type { HttpDoorOptions } from './adapters/http/http-door.ts'
import { httpSettingsDefaults } from './adapters/http/settings.ts'
import { verifyStore } from './adapters/level-store.ts'
import { OperationsKey } from './adapters/operations-key.ts'
import { systemClock, systemRandom } from './adapters/system-clock.ts'
import { TlsFiles, type TlsMaterial } from './adapters/tls-files.ts'
import { readTrustFiles } from './adapters/trust-files.ts'
import { boundedLog } from './bounded-log.ts'
import { type BrokerConfig, ConfigError, helpText, parseCommand } from './config.ts'
import { quarantineDefaults } from './core/device.ts'
import { BrokerError } from './errors.ts'
import { openMqttDoors } from './listeners.ts'
import { attach, type Drover } from './plugin.ts'

/**
 * V8 would let old space grow to four times what lives in it before it collects; twice is as fast. Over 300,000 targets
 * the process then grew by 70 MB instead of 171.
 */
setFlagsFromString('--heap-growing-percent=100')

/** Exit codes: 0 stopped as asked, 1 the broker failed, 2 the command line is wrong, 3 the database is damaged. */
const exits = { failed: 1, usage: 2, damaged: 3 }

/** Never in a log, whatever object carries them. */
const secrets = ['password', 'token', 'secret', '*.password', '*.token', '*.secret']

/** A shutdown that takes longer is cut off; everything acknowledged is durable long before. */
const shutdownMs = 20_000

async function run(config: BrokerConfig): Promise<void> {
  const log = pino({ level: config.logLevel, redact: secrets })
  const opened: (() => Promise<void>)[] = []
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse())
      await close().catch(error => log.error({ event: 'close-failed', err: error }, 'closing failed'))
  }
  let phase = 'starting'
  const health = (): { ready: boolean; checks: Record<string, string> } => ({
    ready: phase === 'ok',
    checks: { broker: phase },
  })
  const starting = open(config, log, opened, health)
  const stop = (signal: string): void => {
    if (closing !== undefined) return
    phase = 'stopping'
    log.info({ event: 'stopping', signal }, 'stopping')
    systemClock.after(shutdownMs, () => {
      log.error({ event: 'shutdown-cut-off' }, `not closed within ${shutdownMs} ms`)
      process.exit(exits.failed)
    })
    // A signal during the start waits for what is being opened, or it would be left open.
    const ready = starting.catch(() => undefined)
    closing = ready.then(closeAll).then(() => log.info({ event: 'stopped' }, 'stopped'))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  try {
    await starting
    if (closing === undefined) phase = 'ok'
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** Opens everything and says so; each thing opened adds its end to `opened`. */
async function open(
  config: BrokerConfig,
  log: Logger,
  opened: (() => Promise<void>)[],
  health: HttpDoorOptions['health'],
): Promise<void> {
  const tls = await openTlsFiles(config, log)
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  // Half of all code belongs to the HTTP door: it is loaded while the store is read through.
  const httpDoor = import('./adapters/http/http-door.ts')
  // Told where it is waited for.
  httpDoor.catch(() => {})
  const strangers = config.mqttGuests ? 'host' : 'refuse'
  const aedes = await Aedes.createBroker(aedesOptions(strangers))
  opened.push(() => new Promise(resolve => aedes.close(resolve)))
  const bounded = boundedLog(log, systemClock)
  const drover = await attach(aedes, {
    dataDir: config.dataDir,
    log: bounded,
    strangers,
    orchestrator: {
      inProgressMax: config.inProgressMax,
      repeatLeastMs: config.offerRepeatMs,
      quarantine: { ...quarantineDefaults, failuresMax: config.quarantineFailures },
      signedReports: config.requireSignedReports,
    },
    delivery: { ...config.delivery, hotBytesMax: config.chunkCacheBytes, budgetLabel: config.budgetLabel },
    uploadBytesMax: config.uploadBytesMax,
    ...(config.operationsKey === undefined ? {} : { signer: await OperationsKey.open(config.operationsKey) }),
    ...(await openDeviceCa(config)),
    devicePasswords: config.devicePasswords,
    trust: await readTrustFiles(join(config.dataDir, 'trust')),
    ...(config.timestampKey === undefined ? {} : { timeSigner: await OperationsKey.open(config.timestampKey, 'time') }),
    timeValidMs: config.timestampHours * 3_600_000,
    webhooks: { plainHttp: config.webhookPlainHttp, privateAddresses: config.webhookPrivate },
    ...(config.eventDays === undefined ? {} : { housekeeping: { eventDays: config.eventDays } }),
  })
  opened.push(() => drover.close())
  await drover.firstAdministrator(async token => {
    const path = join(config.dataDir, 'admin-token')
    await writeDurable(path, `${token}\n`)
    const where = 'the token of the first administrator is in this file: drover init takes it from there'
    log.info({ event: 'first-administrator', path }, where)
  })
  const { HttpDoor } = await httpDoor
  let around: NonNullable<Parameters<typeof drover.metrics>[0]> = () => ({})
  const http = await HttpDoor.open({
    useCases: drover.useCases,
    log,
    clock: systemClock,
    random: systemRandom,
    host: config.httpHost,
    port: config.httpPort,
    ...(tls !== undefined && config.httpTls ? { tls: { ...tls.material, ca: [] } } : {}),
    settings: { ...httpSettingsDefaults, uploadBytesMax: config.uploadBytesMax },
    health,
    metrics: () => drover.metrics(() => around()),
    ...(config.console ? { consoleDir: fileURLToPath(new URL('../operator/console/', import.meta.url)) } : {}),
  })
  opened.push(() => http.close())
  const material = tls === undefined ? {} : { material: tls.material }
  const mqtt = await openMqttDoors(aedes, config, { clock: systemClock, log: bounded, ...material })
  opened.push(() => mqtt.close())
  around = () => ({ http: http.figures(), listener: mqtt.figures() })
  const doors = [mqtt.renew, (renewed: TlsMaterial): void => http.renewTls({ ...renewed, ca: [] })]
  onHangup([() => reloadTrust(config, drover, log), ...(tls === undefined ? [] : [() => reloadTls(tls, doors, log)])])
  const ready = { ...mqtt.ports, httpPort: http.port, pid: process.pid }
  const browse = config.console ? { console: consoleUrl(config, http.port) } : {}
  log.info({ event: 'broker-ready', ...ready, ...browse, dataDir: config.dataDir }, 'ready')
  const { readyFile } = config
  if (readyFile === undefined) return
  await writeDurable(readyFile, JSON.stringify(ready))
  opened.push(() => rm(readyFile, { force: true }))
}

/** What a person on this machine opens in the browser. */
function consoleUrl({ httpHost: host, httpTls, tlsCert }: BrokerConfig, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${httpTls && tlsCert !== undefined ? 'https' : 'http'}://${name}:${port}/`
}

async function openTlsFiles(config: BrokerConfig, log: Logger): Promise<TlsFiles | undefined> {
  const { tlsCert: certFile, tlsKey: keyFile, deviceCa: deviceCaFile } = config
  if (certFile === undefined || keyFile === undefined) return undefined
  const names = { certFile, keyFile, ...(deviceCaFile === undefined ? {} : { deviceCaFile }) }
  return TlsFiles.open(names, systemClock, log)
}

async function openDeviceCa(config: BrokerConfig): Promise<{ readonly certificateAuthority?: DeviceCa }> {
  const { deviceCa: certFile, deviceCaKey: keyFile, deviceCertificateDays: days } = config
  if (certFile === undefined || keyFile === undefined) return {}
  const options = { certFile, keyFile, days, clock: systemClock, random: systemRandom }
  return { certificateAuthority: await DeviceCa.open(options) }
}

/** All of them, one after the other, at each SIGHUP. */
function onHangup(reloads: readonly (() => Promise<void>)[]): void {
  let last: Promise<void> = Promise.resolve()
  process.on('SIGHUP', () => {
    for (const reload of reloads) last = last.then(reload)
  })
}

/** Each of `doors` gets the new ones, or none does: what cannot be used is told, and the old ones stay. */
async function reloadTls(
  tls: TlsFiles,
  doors: readonly ((material: TlsMaterial) => void)[],
  log: Logger,
): Promise<void> {
  try {
    const material = await tls.reload()
    for (const renew of doors) renew(material)
    log.info({ event: 'certificates-reloaded' }, 'new connections get the new certificate')
  } catch (error) {
    log.error({ event: 'certificates-not-reloaded', err: error }, 'the certificates in force stay')
  }
}

async function reloadTrust({ dataDir }: BrokerConfig, drover: Drover, log: Logger): Promise<void> {
  try {
    const chain = await readTrustFiles(join(dataDir, 'trust'))
    drover.renewTrust(chain)
    log.info({ event: 'trust-reloaded', version: chain.version }, 'trust documents read again')
  } catch (error) {
    log.error({ event: 'trust-not-reloaded', err: error }, 'the trust documents in force stay')
  }
}

async function doctor(config: BrokerConfig): Promise<number> {
  const { problems, ...counts } = await verifyStore(join(config.dataDir, 'database'))
  process.stdout.write(`${JSON.stringify(counts)}\n`)
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.stdout.write(problems.length === 0 ? 'every record is whole\n' : `${problems.length} problems\n`)
  return problems.length === 0 ? 0 : exits.damaged
}

/** Readable by its owner only; there whole or not at all. */
async function writeDurable(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`
  await writeFile(partial, text, { mode: 0o600 })
  const file = await openFile(partial)
  await file.sync().finally(() => file.close())
  await rename(partial, path)
  const folder = await openFile(dirname(path))
  await folder.sync().finally(() => folder.close())
}

try {
  const command = parseCommand(process.argv.slice(2), process.env)
  if (command.kind === 'help') process.stdout.write(helpText())
  else if (command.kind === 'doctor') process.exitCode = await doctor(command.config)
  else await run(command.config)
} catch (error) {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\ndrover-broker --help shows all settings\n`)
    process.exitCode = exits.usage
  } else if (error instanceof BrokerError || (error as NodeJS.ErrnoException).code !== undefined) {
    const { code } = error as NodeJS.ErrnoException
    const hint = code === 'EADDRINUSE' || code === 'EACCES' ? ' (see --mqtt-port, --http-port and --data-dir)' : ''
    process.stderr.write(`drover-broker: ${(error as Error).message}${hint}\n`)
    process.exitCode = (error as BrokerError).code === 'STORE_DAMAGED' ? exits.damaged : exits.failed
  } else throw error
}
