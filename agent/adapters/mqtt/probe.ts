// One try at the broker, for the doctor: is anybody there, and are the credentials taken? Subscribes to nothing, says
// nothing, and is gone again.
import { connect as openSocket } from 'node:net'
import mqttClient from 'mqtt/lib/client'
import type { Clock } from '../../ports.ts'

export interface ProbeSettings {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  /** Absent: a TCP connection is all that is tried. */
  readonly credentials?: { readonly clientId: string; readonly username: string; readonly password?: string }
}

export type ProbeOutcome =
  /** CONNACK: we are taken. */
  | { readonly kind: 'accepted' }
  /** TCP only. */
  | { readonly kind: 'reached' }
  | { readonly kind: 'unreachable' | 'refused'; readonly reason: string }

/** Never rejects. */
export async function probeBroker(clock: Clock, settings: ProbeSettings): Promise<ProbeOutcome> {
  const { host, port, timeoutMs, credentials } = settings
  const socket = openSocket({ host, port, noDelay: true })
  let end = (): void => void socket.destroy()
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
    socket.once('error', error => {
      if (!reached) settle({ kind: 'unreachable', reason: error.message })
    })
    socket.once('connect', () => {
      reached = true
      if (credentials === undefined) settle({ kind: 'reached' })
    })
    if (credentials === undefined) return
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
    client.once('error', error => settle({ kind: reached ? 'refused' : 'unreachable', reason: error.message }))
    client.once('close', () =>
      settle({ kind: reached ? 'refused' : 'unreachable', reason: 'the connection was closed' }),
    )
  })
  end()
  return outcome
}
