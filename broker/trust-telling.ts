// Handing trust documents on: a device that says an older one in its hello is told those that follow, one after the other,
// before anything is offered to it, for the next offer may be signed by a key only the newer one knows. Told again at each
// hello until the hello says it was taken; a device judges for itself.
//
//   hello ─▶ told what follows          renew ─▶ whoever is connected is told, some at a time ─▶ the signed time names it
import type { Hello } from '../proto/messages.ts'
import { encodeTrustMessage } from '../proto/offer-messages.ts'
import type { TrustChain } from '../proto/trust.ts'
import { BrokerError } from './errors.ts'
import type { Clock, DeviceConnection, Log } from './ports.ts'

/** The documents would take back what devices were told already; those in force stay. */
export class TrustNotRenewed extends BrokerError {
  override readonly name = 'TrustNotRenewed'
  readonly code = 'TRUST_NOT_RENEWED'
}

/** At a time; a device that is further behind says hello after these and is told the rest. */
const atOnceMax = 8
/** When all who are connected are told, so many each time. */
const roundSize = 200
const roundMs = 100

export class TrustTelling {
  readonly #log: Log
  readonly #clock: Pick<Clock, 'after'>
  /** The version each connected device has said, or was told since. */
  readonly #said = new Map<DeviceConnection, number>()
  #chain: TrustChain
  #toldVersion: number
  #cancel: () => void = () => {}

  constructor(chain: TrustChain, clock: Pick<Clock, 'after'>, log: Log) {
    this.#chain = chain
    this.#toldVersion = chain.version
    this.#clock = clock
    this.#log = log
  }

  /** Of the newest document that everybody connected has been told; 0 when there is none. */
  get toldVersion(): number {
    return this.#toldVersion
  }

  greeted(connection: DeviceConnection, { trustVersion }: Pick<Hello, 'trustVersion'>): void {
    if (trustVersion === undefined) return
    this.#said.set(connection, trustVersion)
    this.#tell(connection, trustVersion)
  }

  disconnected(connection: DeviceConnection): void {
    this.#said.delete(connection)
  }

  /**
   * From now on these are handed on, to those who are connected as well. Throws TrustNotRenewed unless the newest document
   * in force is among them: only so the chain is known to follow it.
   */
  renew(chain: TrustChain): void {
    const { version } = this.#chain
    const newest = (of: TrustChain): Uint8Array | undefined => of.after(version - 1, 1)[0]
    const [before, now] = [newest(this.#chain), newest(chain)]
    if (before !== undefined && (now === undefined || Buffer.compare(before, now) !== 0))
      throw new TrustNotRenewed(`version ${version}, which is in force, is not among the documents, or is another one`)
    this.#chain = chain
    this.#cancel()
    this.#round([...this.#said.keys()])
  }

  close(): void {
    this.#cancel()
    this.#said.clear()
  }

  #round(connections: readonly DeviceConnection[]): void {
    for (const connection of connections.slice(0, roundSize)) {
      const version = this.#said.get(connection)
      if (version !== undefined) this.#tell(connection, version)
    }
    const rest = connections.slice(roundSize)
    if (rest.length > 0) this.#cancel = this.#clock.after(roundMs, () => this.#round(rest))
    // Sooner, and an offer would name a document to a device that has not been shown it.
    else this.#toldVersion = this.#chain.version
  }

  #tell(connection: DeviceConnection, trustVersion: number): void {
    if (trustVersion >= this.#chain.version) return
    const { device } = connection
    const documents = this.#chain.after(trustVersion, atOnceMax)
    if (documents.length === 0) {
      this.#log.warn(
        { event: 'trust-gap', device, trustVersion, newest: this.#chain.version },
        'the document that follows is not in the folder',
      )
      return
    }
    for (const document of documents) connection.publish('offer', [encodeTrustMessage(document)])
    this.#log.info({ event: 'trust-sent', device, trustVersion, documents: documents.length }, 'trust documents sent')
  }
}
