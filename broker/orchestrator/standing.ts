// What the shell knows of a device beside the records, for the person who asks why it is not updated yet: the questions a
// hand-over asks, asked once more (core/explain.ts).
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import type { Standing } from '../core/explain.ts'
import { rateLimit } from '../core/rate.ts'
import type { Operation } from '../core/records.ts'
import { freePermits, waveRoom } from '../core/rollout.ts'
import { rateLeft, windowState } from './gates.ts'
import type { Context } from './task.ts'

/** `session`: the broadcast session it is a member of. */
export async function standingOf(
  context: Context,
  operation: Operation,
  id: DeviceId,
  device: Device | undefined,
  session: string | undefined,
): Promise<Standing> {
  const { clock, calendar, sessions, inProgressOf } = context
  const running = context.running.get(operation.id)
  const inProgressIn = inProgressOf.get(id)
  const first = inProgressIn === undefined ? await wantedFirstBy(context, operation, id) : undefined
  const limit = rateLimit(operation)
  const lacks = device !== undefined && !context.reports.mayBeOffered(device, sessions.of(id)?.hello)
  return {
    at: clock.now(),
    ...(running?.release === undefined ? {} : { release: running.release }),
    online: sessions.isOnline(id),
    ...(device === undefined ? {} : { lastHelloAt: device.lastHelloAt }),
    ...(inProgressIn === undefined ? {} : { inProgressIn }),
    ...(first === undefined ? {} : { wantedFirstBy: first }),
    ...(session === undefined ? {} : { session }),
    ...(lacks ? { reportKeyLacks: true } : {}),
    window: running === undefined ? { open: true } : windowState(running, calendar, clock),
    rateLeft: running === undefined ? Number.POSITIVE_INFINITY : rateLeft(running, clock),
    ...(limit === undefined ? {} : { rateLimit: limit }),
    brokerInProgress: inProgressOf.size,
    brokerInProgressMax: context.inProgressMax,
  }
}

/** Another operation that is pending on the device, has precedence and could hand over now. */
async function wantedFirstBy(
  { store, running: all, calendar, clock }: Context,
  { id, policy }: Operation,
  device: DeviceId,
): Promise<OperationId | undefined> {
  for (const { operation, state, notBefore } of await store.unfinishedExecutionsOf(device)) {
    const running = all.get(operation)
    if (running === undefined || operation === id || state !== 'pending' || notBefore !== undefined) continue
    const { operation: other } = running
    if (freePermits(other) === 0 || waveRoom(other) === 0 || rateLeft(running, clock) === 0) continue
    if (!windowState(running, calendar, clock).open) continue
    if (other.policy.priority > policy.priority || (other.policy.priority === policy.priority && other.id < id))
      return operation
  }
  return undefined
}
