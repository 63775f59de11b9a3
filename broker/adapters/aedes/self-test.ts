// Proves at attach that the Aedes we were given is one we know (D28): the exact version, the hooks as plain properties,
// and on a throw-away broker of the same class, with a client in memory, that the private fields are there and do what
// we use them for. Anything else is AttachRefused with the name of what is missing.
import { Duplex } from 'node:stream'
import type { AedesOptions } from 'aedes'
import { AttachRefused } from '../../errors.ts'
import type { Clock } from '../../ports.ts'
import { within } from './deadline.ts'
import {
  clientOf,
  type HostBroker,
  type HostClient,
  hookNames,
  inertDuplicates,
  supportedVersions,
} from './internals.ts'
import { fitParser } from './parser-guard.ts'

export async function selfTest(aedes: HostBroker, clock: Clock): Promise<void> {
  expect(supportedVersions.includes(aedes.version), `aedes ${supportedVersions.join(' or ')}, this is ${aedes.version}`)
  for (const name of hookNames) {
    const property = Object.getOwnPropertyDescriptor(aedes, name)
    expect(typeof property?.value === 'function' && property.writable === true, `a writable property aedes.${name}`)
  }
  expect(!aedes.closed, 'a broker that listens: call await aedes.listen() first')
  checkBroker(aedes)
  let outcome: Probe
  try {
    outcome = await within(clock, 5_000, probe(aedes.constructor as new (options: AedesOptions) => HostBroker))
  } catch (error) {
    if (error instanceof AttachRefused) throw error
    throw new AttachRefused('the self-test on a throw-away broker failed', { cause: error })
  }
  expect(outcome.pausedThenResumed, 'client.pause() to hold packets back until CONNACK')
  expect(outcome.renamed, 'client.id to decide the key in aedes.clients after authenticate')
  expect(outcome.willDropped, 'client._will to decide the will after authenticate')
  expect(outcome.keptDuplicates, 'client.duplicates not to be replaced')
  expect(outcome.closedByLimit, 'client._parser to be limited in the length of a packet')
}

interface Probe {
  readonly renamed: boolean
  readonly willDropped: boolean
  readonly keptDuplicates: boolean
  readonly pausedThenResumed: boolean
  readonly closedByLimit: boolean
}

async function probe(Broker: new (options: AedesOptions) => HostBroker): Promise<Probe> {
  const conn = new MemoryConnection()
  let pausedThenResumed = false
  const broker = new Broker({
    concurrency: 0,
    preConnect: (given, _packet, done) => {
      const client = clientOf(given)
      client.pause()
      pausedThenResumed = client._paused === true
      client.duplicates = inertDuplicates
      done(null, true)
    },
    authenticate: (given, _userName, _password, done) => {
      const client = clientOf(given)
      client.id = 'probe/renamed'
      client._will = null
      // Comes in while the client is paused: must wait until CONNACK.
      conn.push(pingRequest)
      setImmediate(() => {
        pausedThenResumed &&= !conn.written().includes(pingResponseType)
        done(null, true)
      })
    },
  })
  await broker.listen()
  try {
    const client = clientOf(broker.handle(conn))
    checkClient(client, conn)
    fitParser(client, () => 128)
    conn.push(connectWithWill)
    await conn.until(() => conn.written().includes(pingResponseType))
    const renamed = broker.clients['probe/renamed'] === client
    const willDropped = (client as { readonly will?: unknown }).will === null
    const keptDuplicates = client.duplicates === inertDuplicates
    conn.push(longPublishHeader)
    await conn.until(() => conn.destroyed)
    return { renamed, willDropped, keptDuplicates, pausedThenResumed, closedByLimit: client.closed }
  } finally {
    conn.destroy()
    await new Promise<void>(resolve => broker.close(resolve))
  }
}

function checkBroker(aedes: HostBroker): void {
  expect(typeof aedes.clients === 'object', 'aedes.clients')
  expect(typeof aedes.unregisterClient === 'function', 'aedes.unregisterClient()')
  expect(typeof aedes.mq === 'object', 'aedes.mq')
  expect(typeof aedes.opts === 'object', 'aedes.opts')
  expect(typeof aedes.counter === 'number', 'aedes.counter')
  for (const name of persistenceMethods) {
    expect(typeof aedes.persistence?.[name] === 'function', `aedes.persistence.${name}()`)
  }
}

const persistenceMethods = [
  'createRetainedStreamCombi',
  'delWill',
  'subscriptionsByTopic',
  'addSubscriptions',
  'outgoingStream',
  'outgoingEnqueue',
  'outgoingUpdate',
  'outgoingClearMessageId',
] as const

function checkClient(client: HostClient, conn: Duplex): void {
  expect(client.conn === conn, 'client.conn to be the socket')
  expect(typeof client.duplicates === 'object', 'client.duplicates')
  expect(typeof client.subscriptions === 'object', 'client.subscriptions')
  expect(client._disconnected === false, 'client._disconnected')
  expect(client._authorized === false, 'client._authorized')
  expect(client._will === null, 'client._will')
  expect(client.errored === false, 'client.errored')
  expect(typeof client._parsingBatch === 'number', 'client._parsingBatch')
  expect(typeof client._nextBatch === 'function', 'client._nextBatch()')
  expect(typeof client._keepaliveInterval === 'number', 'client._keepaliveInterval')
  expect(client._keepaliveTimer === null, 'client._keepaliveTimer')
  expect(typeof client.waitForDrain === 'function', 'client.waitForDrain()')
  expect(typeof client.pause === 'function' && typeof client.resume === 'function', 'client.pause() and resume()')
  const parser = client._parser
  for (const name of ['parse', '_parseHeader', '_parseLength', '_parsePayload', '_emitError'] as const) {
    expect(typeof parser?.[name] === 'function', `client._parser.${name}()`)
  }
  expect(typeof parser._list?.slice === 'function', 'client._parser._list')
  expect(parser._stateCounter === 0, 'client._parser._stateCounter')
  expect(typeof client.deliver0 === 'function', 'client.deliver0()')
  expect(typeof client.deliverQoS === 'function', 'client.deliverQoS()')
  expect(typeof client._nextId === 'number', 'client._nextId')
  expect(parser.listeners('packet').length === 1, "one listener for 'packet' on client._parser")
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new AttachRefused(`expected ${what}`)
}

/** Both ends in memory; `written` is what the broker has answered. */
class MemoryConnection extends Duplex {
  readonly #written: Buffer[] = []
  #changed: () => void = () => {}

  written(): Buffer {
    return Buffer.concat(this.#written)
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>(resolve => {
        this.#changed = resolve
      })
    }
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#written.push(bytes)
    done()
    this.#changed()
  }

  override _destroy(_error: Error | null, done: (error: Error | null) => void): void {
    done(null)
    queueMicrotask(this.#changed)
  }
}

/** CONNECT, MQTT 3.1.1, clean session, client id `probe`, will `x` on topic `w`. */
const connectWithWill = Buffer.from('101700044d5154540406003c000570726f6265000177000178', 'hex')
const pingRequest = Buffer.from([0xc0, 0x00])
const pingResponseType = 0xd0
/** PUBLISH that says it has 2 MiB. */
const longPublishHeader = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x01])
