// What the broker hands to a device and takes back: topic `offer`. Readers throw WireError naming the field, as those of
// messages.ts do.
import { decode, encode, type WireOfferMessage } from './codec.ts'
import type { OperationId } from './ids.ts'
import { envelopeBytesMax, fleetTimeBytesMax } from './limits.ts'
import { type PatchTransport, readPatchTransport, wirePatchTransport } from './patch-transport.ts'
import { atLeast, hex, need, operation, operationType, sessionName, text, unhex } from './values.ts'

/** The envelope, the time and what is said of them. */
const offerBytesMax = envelopeBytesMax + fleetTimeBytesMax + 512

/** The type of an offer that names none: its envelope holds a manifest, that of every other type a command. */
export const firmwareUpdate = 'firmware-update'

/** Where a withdrawal or offer comes from: a lower lease than one accepted before is ignored by the device. */
export type OfferMessage =
  | {
      readonly kind: 'offer'
      readonly operation: OperationId
      readonly lease: number
      readonly attempt: number
      /** SignedEnvelope exactly as signed; a view of the packet. */
      readonly envelope: Uint8Array
      /** A claim until the envelope is verified: it names the role that must have signed. */
      readonly operationType: string
      /** The device waits at `awaiting-install` for a `proceed`. */
      readonly installHold: boolean
      /** After a failure the device sends its recent log. */
      readonly logWanted: boolean
      /** One more way to the same bytes. */
      readonly patch?: PatchTransport
      /** SignedEnvelope of a FleetTime; a view of the packet. */
      readonly time?: Uint8Array
      /** 32 hex digits: what the signed report of a success has to name. */
      readonly reportNonce?: string
    }
  | { readonly kind: 'withdraw'; readonly operation: OperationId; readonly lease: number; readonly reason: string }
  | { readonly kind: 'proceed'; readonly operation: OperationId; readonly lease: number; readonly attempt: number }
  | {
      readonly kind: 'join'
      readonly operation: OperationId
      readonly lease: number
      readonly attempt: number
      /** 16 hex digits. */
      readonly session: string
    }

/** The one message of the topic that is of no operation. */
export interface TrustMessage {
  readonly kind: 'trust'
  /** SignedEnvelope of a trust document exactly as signed; a view of the packet. */
  readonly document: Uint8Array
}

type OfferContent = Extract<OfferMessage, { kind: 'offer' }>
type Unsaid = 'operationType' | 'installHold' | 'logWanted'
/** What is said of an offer when it is sent: a firmware update without hold and log unless told otherwise. */
export type OfferToSend =
  | (Omit<OfferContent, Unsaid> & Partial<Pick<OfferContent, Unsaid>>)
  | Exclude<OfferMessage, { kind: 'offer' }>

/** Whatever travels on the topic, as a device reads it. */
export function readOfferTopic(bytes: Uint8Array): OfferMessage | TrustMessage {
  const wire = decode('OfferMessage', bytes, offerBytesMax)
  if (wire.trust === undefined) return ofOperation(wire)
  return { kind: 'trust', document: need(wire.trust.document, 'TrustUpdate.document') }
}

/** What is about an operation; a trust document is refused. */
export function readOfferMessage(bytes: Uint8Array): OfferMessage {
  return ofOperation(decode('OfferMessage', bytes, offerBytesMax))
}

export function encodeTrustMessage(document: Uint8Array): Buffer {
  return encode('OfferMessage', { trust: { document } })
}

function ofOperation(wire: WireOfferMessage): OfferMessage {
  if (wire.offer !== undefined) {
    const { operationId: id, lease, attempt, envelope, operationType: type } = wire.offer
    const { installHold = false, logWanted = false } = wire.offer
    return {
      kind: 'offer',
      operation: operation(id, 'Offer.operationId'),
      lease: need(lease, 'Offer.lease'),
      attempt: atLeast(attempt, 1, 'Offer.attempt'),
      envelope: need(envelope, 'Offer.envelope'),
      operationType: type === undefined ? firmwareUpdate : operationType(type, 'Offer.operationType'),
      installHold,
      logWanted,
      ...(wire.offer.patch === undefined ? {} : { patch: readPatchTransport(wire.offer.patch) }),
      ...(wire.offer.time === undefined ? {} : { time: wire.offer.time }),
      ...(wire.offer.reportNonce === undefined
        ? {}
        : { reportNonce: hex(wire.offer.reportNonce, 16, 'Offer.reportNonce') }),
    }
  }
  if (wire.join !== undefined) {
    const { operationId: id, lease, attempt, session } = wire.join
    return {
      kind: 'join',
      operation: operation(id, 'JoinSession.operationId'),
      lease: need(lease, 'JoinSession.lease'),
      attempt: atLeast(attempt, 1, 'JoinSession.attempt'),
      session: sessionName(session, 'JoinSession.session'),
    }
  }
  if (wire.proceed !== undefined) {
    const { operationId: id, lease, attempt } = wire.proceed
    return {
      kind: 'proceed',
      operation: operation(id, 'Proceed.operationId'),
      lease: need(lease, 'Proceed.lease'),
      attempt: atLeast(attempt, 1, 'Proceed.attempt'),
    }
  }
  const withdraw = need(wire.withdraw, 'OfferMessage.content')
  return {
    kind: 'withdraw',
    operation: operation(withdraw.operationId, 'Withdraw.operationId'),
    lease: need(withdraw.lease, 'Withdraw.lease'),
    reason: withdraw.reason === undefined ? '' : text(withdraw.reason, 256, 'Withdraw.reason'),
  }
}

/** What a field says when it is absent is not sent: a device that does not know the field takes the offer as before. */
export function encodeOfferMessage(message: OfferToSend): Buffer {
  const { operation: operationId, lease } = message
  switch (message.kind) {
    case 'offer': {
      const { attempt, envelope, operationType: type = firmwareUpdate } = message
      const { installHold = false, logWanted = false } = message
      return encode('OfferMessage', {
        offer: {
          operationId,
          lease,
          attempt,
          envelope,
          ...(type === firmwareUpdate ? {} : { operationType: type }),
          ...(installHold ? { installHold } : {}),
          ...(logWanted ? { logWanted } : {}),
          ...(message.patch === undefined ? {} : { patch: wirePatchTransport(message.patch) }),
          ...(message.time === undefined ? {} : { time: message.time }),
          ...(message.reportNonce === undefined ? {} : { reportNonce: unhex(message.reportNonce) }),
        },
      })
    }
    case 'withdraw':
      return encode('OfferMessage', { withdraw: { operationId, lease, reason: message.reason } })
    case 'proceed':
      return encode('OfferMessage', { proceed: { operationId, lease, attempt: message.attempt } })
    case 'join': {
      const { attempt, session } = message
      return encode('OfferMessage', { join: { operationId, lease, attempt, session } })
    }
  }
}
