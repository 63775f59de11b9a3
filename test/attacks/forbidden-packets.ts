// Packets that look like packets and are forbidden by a clause of MQTT 3.1.1: each must end the connection, by [MQTT-4.8.0-1].
import { generate } from 'mqtt-packet'
import { topicField } from '../../proto/packets.ts'
import { topic } from './asking.ts'

const mine = (device: string) => topicField(topic(device, 'progress'))
const filter = (device: string, qos = 0) => Buffer.concat([topicField(topic(device, 'offer')), Buffer.of(qos)])
const one = Buffer.of(0, 1)

/** By the clause; each is made for the device that sends it, behind a good CONNECT. */
export const forbiddenPackets: Readonly<Record<string, (name: string) => Uint8Array>> = {
  'PUBLISH at QoS 3 [3.3.1-4]': name => packet(0x36, mine(name), one),
  'DUP at QoS 0 [3.3.1-2]': name => packet(0x38, mine(name), Buffer.from('x')),
  'packet identifier 0 [2.3.1-1]': name => packet(0x32, mine(name), Buffer.of(0, 0)),
  'U+0000 in a filter [1.5.3-2]': name => packet(0x82, one, topicField(`${topic(name, 'offer')}\0`), Buffer.of(0)),
  'a surrogate in a filter [1.5.3-1]': () => packet(0x82, one, Buffer.from([0, 3, 0xed, 0xa0, 0x80, 0])),
  'ill-formed UTF-8 in a filter [1.5.3-1]': () => packet(0x82, one, Buffer.from([0, 2, 0xc3, 0x28, 0])),
  'SUBSCRIBE without a filter [3.8.3-3]': () => packet(0x82, one),
  'SUBSCRIBE at QoS 3 [3.8.3-4]': name => packet(0x82, one, filter(name, 3)),
  'SUBSCRIBE with other flags [3.8.1-1]': name => packet(0x80, one, filter(name)),
  'SUBSCRIBE with packet identifier 0 [2.3.1-1]': name => packet(0x82, Buffer.of(0, 0), filter(name)),
  'UNSUBSCRIBE without a filter [3.10.3-2]': () => packet(0xa2, one),
  'PINGREQ with a body [3.12]': () => packet(0xc0, Buffer.of(0)),
  'DISCONNECT with a body [3.14]': () => packet(0xe0, Buffer.of(0)),
  'PUBACK of three bytes [3.4]': () => packet(0x40, one, Buffer.of(0)),
  'PUBREL without its flags [3.6.1-1]': () => packet(0x60, one),
  'a second CONNECT [3.1.0-2]': name =>
    generate({ cmd: 'connect', clientId: name, protocolId: 'MQTT', protocolVersion: 4, clean: true }),
  'a packet for clients [2.2.1]': () => packet(0xd0),
}

function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(first, body.length), body])
}
