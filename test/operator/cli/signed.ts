// What a device does with a signed command, as far as the desk is concerned: who signed it, and what it says.
import { type Command, readCommand } from '../../../proto/command.ts'
import { distrust, openEnvelope, parseTrustDocument, roleFor } from '../../../proto/envelope.ts'

/** The command in it. Throws when the release role of the trust document did not sign it. */
export function openCommand(signed: { readonly envelope: string } | undefined, trustBytes: Uint8Array): Command {
  const envelope = openEnvelope(Buffer.from(signed?.envelope ?? '', 'base64'))
  const trust = parseTrustDocument(trustBytes)
  const distrusted = distrust(envelope, 'command', roleFor('command', trust), trust)
  if (distrusted !== undefined) throw new Error(distrusted)
  const verdict = readCommand(envelope.payload, { now: Date.now() })
  if (!verdict.ok) throw new Error(verdict.failure.code)
  return verdict.command
}
