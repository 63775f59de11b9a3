// One try at the broker, for the doctor: is anybody there, and are the credentials taken? Subscribes to nothing, says
// nothing, and is gone again.
import mqttClient from 'mqtt/lib/client'
import type { Clock } from '../../ports.ts'
import { type LineAddress, openLine, reasonOf } from './line-socket.ts'

export interface ProbeSettings extends LineAddress {
  readonly timeoutMs: number
  /** Absent: a connection is all that is tried, with TLS its handshake. */
  readonly credentials?: { readonly clientId: string; readonly username: string; readonly password?: string }
}

export type ProbeOutcome =
  /** CONNACK: we are taken. */
  | { readonly kind: 'accepted' }
  /** No CONNECT was sent. */
  | { readonly kind: 'reached' }
  | { readonly kind: 'unreachable' | 'refused'; readonly reason: string }

/** Never rejects. */
export async function probeBroker(clock: Clock, settings: ProbeSettings): Promise<ProbeOutcome> {
  const { timeoutMs, credentials } = settings
  let end = (): void => {}
  const outcome = await new Promise<ProbeOutcome>(resolve => {
    let reached = false
    const timer = clock.after(timeoutMs, () => {
      const reason = `no answer within ${timeoutMs / 1000} s`
      resolve(reached ? { kind: 'refused', reason: `${reason} to CONNECT` } : { kind: 'unreachable', reason })
    })
    const settle = (found: ProbeOutcome): void => {
      timer.cancel()
      resolve(found)
    }
    const failed = (reason: string): void => settle({ kind: reached ? 'refused' : 'unreachable', reason })
    const speak = (): void => {
      reached = true
      if (credentials === undefined) {
        settle({ kind: 'reached' })
        return
      }
      const client = new mqttClient.default(() => socket, {
        ...credentials,
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        reconnectPeriod: 0,
        connectTimeout: timeoutMs,
      })
      end = () => void client.end(true)
      client.once('connect', () => settle({ kind: 'accepted' }))
      client.once('error', error => failed(reasonOf(error)))
    }
    let socket: ReturnType<typeof openLine>
    try {
      socket = openLine(settings, speak)
    } catch (error) {
      return failed(reasonOf(error as Error))
    }
    end = () => void socket.destroy()
    socket.on('error', error => failed(reasonOf(error)))
    socket.once('close', () => failed('the connection was closed'))
  })
  end()
  return outcome
}
