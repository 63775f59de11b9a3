// A broker as it is installed, with its own limits, for one run: in a process of its own on a fresh folder, with TLS where
// that is wanted, and with credentials of whoever is not of the fleet.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deviceId } from '../../proto/ids.ts'
import { selfSigned } from '../delivery/self-signed.ts'
import { BrokerProcess } from '../engine/broker-process.ts'
import type { Opened } from '../engine/opened.ts'
import { fillRegistry, token } from '../engine/registry.ts'

export interface Stage {
  readonly broker: BrokerProcess
  /** For a fleet: where the broker is, and who asks. */
  readonly flags: readonly string[]
  /** Certificate of the broker; undefined: plain TCP. */
  readonly ca: string | undefined
}

const certificateName = 'localhost'

export async function openStage(
  opened: Opened,
  { tls, credentials }: { readonly tls: boolean; readonly credentials: readonly string[] },
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-bench-hostile-'))
  opened.add(() => rm(folder, { recursive: true, force: true }))
  await fillRegistry(
    folder,
    0,
    credentials.map(name => deviceId(name)),
  )
  const [tokenFile, certFile, keyFile] = ['token', 'cert.pem', 'key.pem'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const { cert, key } = selfSigned()
  await Promise.all([writeFile(tokenFile, token), writeFile(certFile, cert), writeFile(keyFile, key)])
  const secure = ['--tls-cert', certFile, '--tls-key', keyFile, '--mqtts-port', '0', '--http-tls', 'false']
  const broker = await BrokerProcess.start({ folder, token, args: tls ? secure : [] })
  opened.add(() => broker.stop())
  const url = tls ? `mqtts://${certificateName}:${broker.mqttsPort}` : `mqtt://127.0.0.1:${broker.mqttPort}`
  const http = `http://127.0.0.1:${broker.httpPort}`
  return {
    broker,
    flags: ['--url', url, '--http', http, '--token-file', tokenFile, ...(tls ? ['--ca', certFile] : [])],
    ca: tls ? cert : undefined,
  }
}
