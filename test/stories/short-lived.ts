// A broker over TLS in this process whose authority signs certificates of devices for seconds, and real agents that live on
// them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { Aedes } from 'aedes'
import type { Test } from 'tap'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { DeviceCa } from '../../broker/adapters/device-ca.ts'
import { HttpDoor } from '../../broker/adapters/http/http-door.ts'
import { httpSettingsDefaults } from '../../broker/adapters/http/settings.ts'
import { systemClock, systemRandom } from '../../broker/adapters/system-clock.ts'
import { TlsFiles } from '../../broker/adapters/tls-files.ts'
import { openMqttDoors } from '../../broker/listeners.ts'
import { attach } from '../../broker/plugin.ts'
import type { CertificateAnswer } from '../../proto/http-certificates.ts'
import { loggerTo, SceneDevice } from '../agent/codes/scene-device.ts'
import { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import type { Authority, Issued } from '../fixtures/certificates.ts'
import { call } from './process.ts'

interface Wishes {
  /** Of the broker's own certificate, and of those of devices. */
  readonly authority: Authority
  readonly devices: Authority
  readonly own: Issued
  readonly lifeMs: number
}

export class ShortLived {
  /** Of the broker. */
  readonly lines: string[]
  readonly env: Readonly<Record<string, string>>
  readonly #folder: string
  readonly #wishes: Wishes
  readonly #door: { readonly httpPort: number; readonly token: string; readonly mqttsPort: number }
  readonly #agents = new Map<string, SceneDevice>()

  private constructor(
    folder: string,
    wishes: Wishes,
    door: { readonly httpPort: number; readonly token: string; readonly mqttsPort: number },
    lines: string[],
  ) {
    this.#folder = folder
    this.#wishes = wishes
    this.#door = door
    this.lines = lines
    this.env = { DROVER_URL: `http://127.0.0.1:${door.httpPort}`, DROVER_TOKEN: door.token }
  }

  static async open(t: Test, wishes: Wishes): Promise<ShortLived> {
    const { authority, devices, own, lifeMs } = wishes
    const folder = t.testdir({ ...own, ca: authority.cert, 'ca.cert': devices.cert, 'ca.key': devices.key, data: {} })
    const path = (name: string): string => join(folder, name)
    const lines: string[] = []
    const log = loggerTo(lines)
    const [certFile, keyFile] = [path('ca.cert'), path('ca.key')]
    const days = lifeMs / 86_400_000
    const certificateAuthority = await DeviceCa.open({
      certFile,
      keyFile,
      days,
      clock: systemClock,
      random: systemRandom,
    })
    const names = { certFile: path('cert'), keyFile: path('key'), deviceCaFile: certFile }
    const { material } = await TlsFiles.open(names, systemClock, log)
    const aedes = await Aedes.createBroker(aedesOptions('refuse'))
    const drover = await attach(aedes, { dataDir: path('data'), strangers: 'refuse', log, certificateAuthority })
    let token = ''
    await drover.firstAdministrator(async given => {
      token = given
    })
    const common = { clock: systemClock, log }
    const http = await HttpDoor.open({
      ...{ ...common, host: '127.0.0.1', port: 0, useCases: drover.useCases, random: systemRandom },
      ...{ settings: httpSettingsDefaults, health: () => ({ ready: true, checks: {} }) },
    })
    const loopback = '127.0.0.1'
    const doors = await openMqttDoors(
      aedes,
      {
        ...{ mqttHost: loopback, mqttPort: undefined, mqttsHost: loopback, mqttsPort: 0, wsHost: loopback },
        ...{ wsPort: undefined, connectionsMax: 100, connectsPerSecond: 100, failingConnectsPerSecond: 100 },
      },
      { ...common, material },
    )
    const { mqttsPort = 0 } = doors.ports
    const scene = new ShortLived(folder, wishes, { httpPort: http.port, token, mqttsPort }, lines)
    t.teardown(async () => {
      await Promise.all([...scene.#agents.values()].map(agent => agent.stop()))
      await doors.close()
      await http.close()
      await drover.close()
      await new Promise<void>(resolve => aedes.close(() => resolve()))
    })
    return scene
  }

  certified(id: string, csr: string): Promise<CertificateAnswer> {
    return call<CertificateAnswer>(this.#door, 'POST', `/v1/devices/${id}/certificate`, { csr })
  }

  async online(id: string): Promise<boolean> {
    return (await call<{ online: boolean }>(this.#door, 'GET', `/v1/devices/${id}`)).online
  }

  /** How often the broker has logged the event. */
  logged(event: string): number {
    return this.lines.filter(line => line.includes(`"event":"${event}"`)).length
  }

  /** A real agent with this pair in the files of its settings, started. */
  async device(id: string, { cert, key }: Issued): Promise<SceneDevice> {
    const prepare = async (folder: string): Promise<void> => {
      await writeFile(join(folder, 'cert'), cert)
      await writeFile(join(folder, 'key'), key)
      await writeFile(join(folder, 'ca'), this.#wishes.authority.cert)
    }
    const settings = {
      ...{ url: `mqtts://127.0.0.1:${this.#door.mqttsPort}`, password: undefined },
      tls: { caFile: 'ca', certFile: 'cert', keyFile: 'key' },
    }
    const place = { id, secret: '', mqttPort: 0 }
    const agent = await SceneDevice.provision(join(this.#folder, 'agents', id), place, { prepare, settings })
    this.#agents.set(id, agent)
    await agent.start()
    return agent
  }

  async restarted(id: string): Promise<void> {
    const agent = this.#agents.get(id)
    await agent?.stop()
    await agent?.start()
  }

  /** What a CONNECT with this pair is answered. */
  async connack(pair: Issued, clientId: string): Promise<number | undefined> {
    const socket = connect({ host: '127.0.0.1', port: this.#door.mqttsPort, ca: this.#wishes.authority.cert, ...pair })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    const client = new RawClient(socket)
    client.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId })
    const code = await client.connack()
    client.destroy()
    return code
  }
}
