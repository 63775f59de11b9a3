// The connection and what stands at its beginning: docs/PROTOCOL.md, sections 1, 2 and 4.
import { deviceTopic, downlinks } from '../../../proto/topics.ts'
import { type Case, demand, NotApplicable } from '../case.ts'
import type { Examination } from '../examination.ts'
import type { Passed } from '../line.ts'
import { connectionAnswer } from '../packets.ts'
import type { SignOf } from '../witness.ts'

const family = 'session'

export const sessionCases: readonly Case[] = [
  {
    name: 'connect-fields',
    ...{ family, section: '1' },
    done: 'the CONNECT of every connection is read',
    must: 'MQTT 3.1.1, client id and user name are the device id, clean session, keep-alive 1 to 1200 s',
    quick: true,
    async examine({ witness, device }) {
      const connects = witness.of('connect').map(({ connect }) => connect)
      for (const connect of connects) {
        demand(connect !== undefined, 'a CONNECT that does not read')
        const { protocol, level, cleanSession, keepAliveSeconds, clientId, userName } = connect
        demand(protocol === 'MQTT' && level === 4, `protocol ${protocol}, level ${level}`)
        demand(clientId === device, `client id ${clientId} instead of ${device}`)
        demand(userName === device, `user name ${userName} instead of ${device}`)
        demand(cleanSession, 'clean session 0')
        demand(keepAliveSeconds >= 1 && keepAliveSeconds <= 1200, `keep-alive ${keepAliveSeconds} s`)
      }
      return `${connects.length} connections, keep-alive ${connects[0]?.keepAliveSeconds} s`
    },
  },
  {
    name: 'will',
    ...{ family, section: '1' },
    done: 'the will of every CONNECT is read',
    must: 'none, or on the own presence topic, not retained',
    async examine({ witness, device }) {
      const wills = witness.of('connect').flatMap(({ connect }) => (connect?.will === undefined ? [] : [connect.will]))
      for (const { topic, retain } of wills) {
        demand(topic === deviceTopic(device, 'presence'), `a will on ${topic}`)
        demand(!retain, 'a will that is retained')
      }
      return wills.length === 0 ? 'no will' : 'on the presence topic'
    },
  },
  {
    name: 'subscriptions',
    ...{ family, section: '2, 4' },
    done: 'SUBSCRIBE, SUBACK and hello of every connection are put in order',
    must: 'the three downlinks by their exact names and nothing else outside sessions, all granted before the hello',
    quick: true,
    async examine({ witness, device }) {
      const wanted = downlinks.map(name => deviceTopic(device, name))
      const signs = witness.since(0)
      const hellos = witness.of('hello')
      demand(hellos.length > 0, 'no hello')
      for (const hello of hellos) {
        const before = signs.slice(0, signs.indexOf(hello)).filter(({ connection }) => connection === hello.connection)
        const granted = new Set(before.flatMap(sign => (sign.kind === 'subscribed' ? [sign.packetId] : [])))
        const subscribed = before.filter((sign): sign is SignOf<'subscribe'> => sign.kind === 'subscribe')
        const filters = subscribed.flatMap(sign => (granted.has(sign.packetId) ? sign.filters : []))
        for (const topic of wanted) demand(filters.includes(topic), `a hello before the SUBACK of ${topic}`)
        const strange = filters.find(topic => !wanted.includes(topic) && !topic.startsWith('drover/v1/broadcast/'))
        demand(strange === undefined, `a subscription to ${strange}`)
      }
      const refused = witness.of('subscribed').find(sign => sign.refused)
      demand(refused === undefined, 'a subscription that the broker refused')
      return `${hellos.length} hellos, each after its SUBACK`
    },
  },
  {
    name: 'hello-waits-for-suback',
    ...{ family, section: '4' },
    done: 'the line is cut; of the next connection the SUBACK is held back for a second',
    must: 'no hello before it',
    async examine(at) {
      const mark = at.witness.mark()
      let heldAt: number | undefined
      at.line.weather = {
        async toDevice(packet): Promise<Passed> {
          if (packet.kind === 'suback' && heldAt === undefined) {
            heldAt = at.witness.mark()
            await at.pause(1000)
          }
          return 'pass'
        },
      }
      at.line.cut()
      const hello = await at.reconnected(mark)
      const granted = at.witness.of('subscribed', mark).find(({ connection }) => connection === hello.connection)
      demand(granted !== undefined && granted.at <= hello.at, 'a hello while the SUBACK was held back')
      return `hello ${Math.round(hello.at - granted.at)} ms after the SUBACK`
    },
  },
  {
    name: 'hello-fields',
    ...{ family, section: '4' },
    done: 'every hello is read as the contract says',
    must: 'all required fields; ids as provisioned; the component with version and digest; QoS 1 or 2',
    quick: true,
    async examine({ witness, recipient }) {
      const said = witness.of('hello').at(-1)
      demand(said !== undefined, 'no hello that reads')
      const { vendorId, classId, packetBytesMax } = said.hello
      demand(vendorId === recipient.vendorId, `vendor id ${vendorId} instead of ${recipient.vendorId}`)
      demand(classId === recipient.classId, `class id ${classId} instead of ${recipient.classId}`)
      const own = said.hello.components.find(({ name }) => name === recipient.component)
      demand(own !== undefined, `no component ${recipient.component}`)
      demand(said.qos > 0, 'a hello at QoS 0')
      return `${own.name} ${own.version}, packets up to ${packetBytesMax} bytes`
    },
  },
  {
    name: 'hello-after-reconnect',
    ...{ family, section: '1, 4' },
    done: 'the line is cut',
    must: 'it connects again, subscribes, says hello; same journal, same boot, nothing in its outbox that was acknowledged',
    quick: true,
    async examine(at) {
      const before = lastHello(at)
      const mark = at.witness.mark()
      at.line.cut()
      const { hello } = await at.reconnected(mark)
      demand(hello.journalId === before.journalId, 'another journal id: its memory is not durable')
      demand(hello.bootId === before.bootId, 'another boot id, though it was not started again')
      return `journal ${hello.journalId}, ${hello.outboxEventCount} events to come`
    },
  },
  {
    name: 'broker-refuses-connect',
    ...{ family, section: '1' },
    done: 'the line is cut, and CONNECT is answered with CONNACK 3 for two seconds',
    must: 'it tries again, with pauses, and is back afterwards',
    async examine(at) {
      const mark = at.witness.mark()
      const tries = at.line.tries
      at.line.connectAnswer = connectionAnswer(3)
      at.line.cut()
      await at.pause(2000)
      const refused = at.line.tries - tries
      at.line.connectAnswer = undefined
      await at.reconnected(mark)
      demand(refused <= 50, `${refused} connections in two seconds: no pauses between them`)
      return `${refused} tries in two seconds, then back`
    },
  },
  {
    name: 'keep-alive',
    ...{ family, section: '1' },
    done: 'nothing is sent for one and a half times the keep-alive',
    must: 'PINGREQ or another packet within the keep-alive; the connection stays',
    async examine(at) {
      const keepAliveSeconds = at.witness.of('connect').at(-1)?.connect?.keepAliveSeconds ?? 0
      if (keepAliveSeconds > 60) throw new NotApplicable(`keep-alive ${keepAliveSeconds} s is too long to wait for`)
      const mark = at.witness.mark()
      await at.pause(keepAliveSeconds * 1500)
      const closed = at.witness.of('closed', mark)[0]
      demand(closed === undefined, `the connection was closed by the ${closed?.by}`)
      demand(at.witness.of('ping', mark).length > 0, 'no PINGREQ')
      return `PINGREQ within ${keepAliveSeconds * 1.5} s`
    },
  },
]

export function lastHello({ witness }: Examination): SignOf<'hello'>['hello'] {
  const hello = witness.of('hello').at(-1)?.hello
  demand(hello !== undefined, 'no hello that reads')
  return hello
}
