// Handing trust documents on: a device that says an older one in its hello is told those that follow, one after the other,
// before anything is offered to it, for the next offer may be signed by a key only the newer one knows. Told again at each
// hello until the hello says it was taken; a device judges for itself.
import type { Hello } from '../proto/messages.ts'
import { encodeTrustMessage } from '../proto/offer-messages.ts'
import type { TrustChain } from '../proto/trust.ts'
import type { DeviceConnection, Log } from './ports.ts'

/** At a time; a device that is further behind says hello after these and is told the rest. */
const atOnceMax = 8

export function tellTrust(chain: TrustChain, connection: DeviceConnection, hello: Hello, log: Log): void {
  const { trustVersion } = hello
  if (trustVersion === undefined || trustVersion >= chain.version) return
  const { device } = connection
  const documents = chain.after(trustVersion, atOnceMax)
  if (documents.length === 0) {
    log.warn(
      { event: 'trust-gap', device, trustVersion, newest: chain.version },
      'the document that follows is not in the folder',
    )
    return
  }
  for (const document of documents) connection.publish('offer', [encodeTrustMessage(document)])
  log.info({ event: 'trust-sent', device, trustVersion, documents: documents.length }, 'trust documents sent')
}
