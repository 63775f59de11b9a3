// What a device publishes, read once and handed to whom it concerns: hellos and events to the orchestrator, chunk
// requests to the delivery. A message that does not read is refused, and with it the connection.

import { readCertificateRequest } from '../proto/certificate-messages.ts'
import { readChunkRequest } from '../proto/chunk-messages.ts'
import { WireError } from '../proto/codec.ts'
import { readLogReport } from '../proto/log-report.ts'
import {
  type Hello,
  readConfigurationReport,
  readEvent,
  readHello,
  readPresence,
  readProgress,
} from '../proto/messages.ts'
import type { Uplink } from '../proto/topics.ts'
import type { ChunkDelivery } from './delivery/chunk-delivery.ts'
import { MessageRefused } from './errors.ts'
import type { Orchestrator } from './orchestrator/orchestrator.ts'
import type { DeviceConnection } from './ports.ts'

/** Who else hears of what a device says. */
export interface Listeners {
  /** Of a hello, first: what is sent then arrives before the offers that the hello brings. */
  greeted(hello: Hello): void
  /** Of a request for a certificate (DER); the answer is on its way when it resolves. */
  certificateWanted(csr: Uint8Array): Promise<void>
}

const nobody: Listeners = { greeted() {}, async certificateWanted() {} }

/** Resolves when the message may be acknowledged; rejects with MessageRefused or StoreUnavailable. */
export function handleDeviceMessage(
  orchestrator: Orchestrator,
  delivery: ChunkDelivery,
  connection: DeviceConnection,
  uplink: Uplink,
  payload: Uint8Array,
  listeners = nobody,
): Promise<void> {
  if (uplink !== 'events') return handleOther(orchestrator, delivery, connection, uplink, payload, listeners)
  // Most of what devices say: no promise more than the orchestrator's own.
  try {
    return orchestrator.event(connection, read(readEvent, payload))
  } catch (error) {
    return Promise.reject(error)
  }
}

async function handleOther(
  orchestrator: Orchestrator,
  delivery: ChunkDelivery,
  connection: DeviceConnection,
  uplink: Exclude<Uplink, 'events'>,
  payload: Uint8Array,
  { greeted, certificateWanted }: Listeners,
): Promise<void> {
  switch (uplink) {
    case 'hello': {
      const hello = read(readHello, payload)
      greeted(hello)
      await orchestrator.hello(connection, hello)
      delivery.connected(connection, hello.packetBytesMax)
      return
    }
    case 'progress':
      orchestrator.progress(connection, read(readProgress, payload))
      return
    case 'chunks/request':
      delivery.request(connection, read(readChunkRequest, payload))
      return
    case 'presence':
      // Who is online is known from the connection itself: the message must be well-formed, and changes nothing.
      read(readPresence, payload)
      return
    case 'configuration':
      await orchestrator.configuration(connection, read(readConfigurationReport, payload))
      return
    case 'log':
      await orchestrator.deviceLog(connection, read(readLogReport, payload))
      return
    case 'certificate':
      await certificateWanted(read(readCertificateRequest, payload))
      return
  }
}

function read<T>(reader: (bytes: Uint8Array) => T, payload: Uint8Array): T {
  try {
    return reader(payload)
  } catch (cause) {
    if (cause instanceof WireError) throw new MessageRefused('malformed', cause.message, { cause })
    throw cause
  }
}
