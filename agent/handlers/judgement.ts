// What an offer that is news asks for: a job of the update machine or of the command machine, or the failure it ends with.
import { firmwareUpdate, type OfferMessage } from '../../proto/offer-messages.ts'
import { epochOf } from '../../proto/trust.ts'
import { type AcceptFacts, accept, acceptCommand } from '../core/accept.ts'
import { nonceOf, type OfferVerdict } from '../core/offers.ts'

export function judged(
  offer: Extract<OfferMessage, { kind: 'offer' }>,
  envelopeSha256: string,
  facts: AcceptFacts,
  needsRestart: (component: string) => boolean,
): OfferVerdict {
  const { operation, attempt, operationType } = offer
  const envelope = Buffer.from(offer.envelope).toString('base64')
  const known = { operation, attempt, envelope, envelopeSha256, ...nonceOf(offer) }
  if (operationType !== firmwareUpdate) {
    const verdict = acceptCommand(offer.envelope, offer, facts)
    return verdict.ok ? { ok: true, command: { ...known, operationType } } : verdict
  }
  const verdict = accept(offer.envelope, facts)
  if (!verdict.ok) return verdict
  const { component, version, installedSha256: digest, releaseCounter, format } = verdict.manifest
  const epoch = facts.trust.ok ? epochOf(facts.trust.document) : 0
  const what = {
    ...{ component, version, digest, releaseCounter, reboot: needsRestart(component) },
    ...(epoch === 0 ? {} : { releaseEpoch: epoch }),
  }
  const asked = offer.installHold ? { hold: true } : {}
  if (format !== 'raw') return { ok: true, job: { ...known, ...what, format, ...asked } }
  return {
    ok: true,
    job: { ...known, ...what, ...asked, ...(offer.patch === undefined ? {} : { patch: offer.patch }) },
  }
}
