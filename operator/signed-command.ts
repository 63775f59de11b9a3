// A command signed by people, with a key the broker never sees: for the types that the trust document keeps from the
// broker's own key. The signature names one operation, whose id is made here.
import { encodeCommand, readCommand } from '../proto/command.ts'
import type { OperationRequest } from '../proto/http-api.ts'
import type { JsonObject } from '../proto/json.ts'
import { badFlag } from './errors.ts'
import { newOperationId } from './operation-id.ts'
import type { Clock, Random } from './ports.ts'
import { type Signer, signedBy } from './signer.ts'

/** Ids are lower-case hex; the time is milliseconds since 1970. */
export interface CommandWishes {
  readonly type: string
  readonly vendorId?: string
  readonly classId?: string
  readonly deviceId?: string
  readonly expiresAt: number
  /** As JSON.parse gives them. */
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Throws BadInput naming `--arguments`, or what named a signer. */
export async function signCommand(
  { type, arguments: args, ...binding }: CommandWishes,
  signers: readonly Signer[],
  { clock, random }: { readonly clock: Pick<Clock, 'now'>; readonly random: Random },
): Promise<NonNullable<OperationRequest['signed']>> {
  const id = newOperationId(clock, random)
  const payload = encoded({ operationType: type, operation: id, ...binding, arguments: args as JsonObject })
  // What a device could not read must not leave the desk.
  const verdict = readCommand(payload, { now: clock.now() })
  if (!verdict.ok) throw badFlag('--arguments', `devices would answer ${verdict.failure.code}`)
  const what = type === 'command' ? `command ${JSON.stringify(args.name)}` : type
  const whom = binding.deviceId === undefined ? 'the devices' : `device ${binding.deviceId}`
  const summary = `${what} for ${whom} of operation ${id}, until ${new Date(binding.expiresAt).toISOString()}`
  return { id, envelope: (await signedBy(signers, 'command', payload, summary)).toString('base64') }
}

function encoded(command: Parameters<typeof encodeCommand>[0]): Buffer {
  try {
    return encodeCommand(command)
  } catch (cause) {
    if (cause instanceof RangeError) throw badFlag('--arguments', cause.message.replace(/^arguments: /, ''), cause)
    throw cause
  }
}
