// The form of a CONNECT that was read before our parser guard was fitted (packet-form.ts judges all others, by their bytes).
import type { ConnectPacket } from 'aedes'

/** What MQTT 3.1.1 forbids in a CONNECT and Aedes lets pass; these close without a CONNACK. */
export function connectProblem(packet: ConnectPacket): string | undefined {
  const { will } = packet
  const texts = [packet.clientId, packet.username ?? '', will?.topic ?? '']
  // Ill-formed UTF-8 has become U+FFFD by now.
  if (texts.some(text => /[\0\uFFFD]/.test(text))) return 'U+0000 or ill-formed UTF-8 [MQTT-1.5.3]'
  if (packet.password !== undefined && packet.username === undefined)
    return 'password without user name [MQTT-3.1.2-22]'
  if (will === undefined) return undefined
  if ((will.qos as number) > 2) return 'will QoS 3 [MQTT-3.1.2-14]'
  if (will.topic === '' || /[+#]/.test(will.topic)) return 'will topic empty or with wildcards [MQTT-3.3.2-2]'
  return undefined
}
