// The MQTT doors of the standalone broker, as the settings name them: plain TCP, TLS, WebSockets. Opened together, closed
// together; one that cannot be opened leaves none open.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import { SlowLane } from './adapters/mqtt-listener/slow-lane.ts'
import { TlsTransport } from './adapters/mqtt-listener/tls-transport.ts'
import { webSockets } from './adapters/mqtt-listener/web-socket.ts'
import { MqttListener, plainTcp, type Transport } from './adapters/mqtt-listener.ts'
import type { BrokerConfig } from './config.ts'
import type { Clock, Log } from './ports.ts'

export interface MqttDoors {
  /** What was bound, for the log and the ready file. */
  readonly ports: { readonly mqttPort?: number; readonly mqttsPort?: number; readonly wsPort?: number }
  /** Of all doors together. */
  figures(): { readonly connections: number; readonly refused: Readonly<Record<string, number>> }
  /** For handshakes from now on. */
  renew(material: SecureContextOptions): void
  close(): Promise<void>
}

type Wishes = Pick<
  BrokerConfig,
  | 'mqttHost'
  | 'mqttPort'
  | 'mqttsHost'
  | 'mqttsPort'
  | 'wsHost'
  | 'wsPort'
  | 'connectionsMax'
  | 'connectsPerSecond'
  | 'failingConnectsPerSecond'
>

/** Of an Aedes: who was let in. */
interface Host {
  handle(stream: Duplex): unknown
  on(event: 'connackSent', listener: ConnackListener): unknown
  removeListener(event: 'connackSent', listener: ConnackListener): unknown
}
type ConnackListener = (packet: { readonly returnCode?: number }, client: { readonly conn: Duplex }) => void

/** `material`: of the listener with TLS; without it there is none. Rejects with the system's error. */
export async function openMqttDoors(
  broker: Host,
  {
    mqttHost,
    mqttPort,
    mqttsHost,
    mqttsPort,
    wsHost,
    wsPort,
    connectionsMax,
    connectsPerSecond: perSecond,
    failingConnectsPerSecond,
  }: Wishes,
  { clock, log, material }: { readonly clock: Clock; readonly log: Log; readonly material?: SecureContextOptions },
): Promise<MqttDoors> {
  const listeners: MqttListener[] = []
  const lane = new SlowLane(clock, { perSecond: failingConnectsPerSecond, waitingMax: 5 * failingConnectsPerSecond })
  const answered: ConnackListener = ({ returnCode }, { conn }) => {
    if (returnCode === 0) lane.admitted(conn as Socket)
  }
  broker.on('connackSent', answered)
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map(listener => listener.close()))
    lane.close()
    broker.removeListener('connackSent', answered)
  }
  const open = async (host: string, port: number, transport?: Transport): Promise<number> => {
    const connects = { perSecond, burst: perSecond * 10 }
    const options = { host, port, connectionsMax, connects, clock, log, lane, ...(transport && { transport }) }
    const listener = await MqttListener.open(broker, options)
    listeners.push(listener)
    return listener.port
  }
  const tls = material === undefined ? undefined : new TlsTransport({ material, clock, log })
  try {
    const plain = mqttPort === undefined ? undefined : await open(mqttHost, mqttPort)
    const secure = tls && mqttsPort !== undefined ? await open(mqttsHost, mqttsPort, tls.transport) : undefined
    const web =
      wsPort === undefined ? undefined : await open(wsHost, wsPort, webSockets(tls?.transport ?? plainTcp, clock))
    return {
      ports: {
        ...(web === undefined ? {} : { wsPort: web }),
        ...(plain === undefined ? {} : { mqttPort: plain }),
        ...(secure === undefined ? {} : { mqttsPort: secure }),
      },
      figures: () => sumOf(listeners),
      renew: renewed => tls?.renew(renewed),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function sumOf(listeners: readonly MqttListener[]): ReturnType<MqttDoors['figures']> {
  const refused: Record<string, number> = {}
  let connections = 0
  for (const listener of listeners) {
    const figures = listener.figures()
    connections += figures.connections
    for (const [reason, count] of Object.entries(figures.refused)) refused[reason] = (refused[reason] ?? 0) + count
  }
  return { connections, refused }
}
