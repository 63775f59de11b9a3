// The machine of an operation: a fact comes in, the new records, events to log and wishes go out. Pure: the shell
// (broker/orchestrator) loads what a fact is about, saves the decision in one batch, and only then acts on the wishes.
//
//   awaiting-approval ─approved─▶ scheduled ─start─▶ pending ──first hand-over──▶ running ──none left──▶ completed
//         └────────────────────────┴──────────────────┴── pause ⇄ resume: paused ──┤
//                                        stop, refusal, abort rule ──▶ stopping ─none left─▶ stopped
//
// An execution: pending ▶ in-progress ▶ completed | failed | skipped, and back to pending for a retry. The machine never
// holds the fleet: an operation is counters and a sweep cursor, and each fact brings the executions it is about.
//
//   hand-over   who is found, skipped, offered          device-words   reports and hellos      retry
//   deadlines   what time alone brings about            stopping       the end somebody decides
//   rollout     permits, waves, abort rules             draft          the decision in the making
import {
  clockStruck,
  deadlinePassed,
  idleState,
  joinedExpiryDue,
  operationTimedOut,
  pendingSwept,
} from './deadlines.ts'
import { deviceReported, deviceSaidHello } from './device-words.ts'
import { Draft } from './draft.ts'
import { deviceReady, deviceUnreachable, targetJoined, targetsFound } from './hand-over.ts'
import type { Decision, Input } from './operation-facts.ts'
import type { Operation } from './records.ts'
import { judge, passWave } from './rollout.ts'
import { deregisterDevice, removeDevice, stopNow } from './stopping.ts'

export function step(operation: Operation, input: Input): Decision {
  const draft = new Draft(operation, input.at)
  if (!isEnded(operation)) {
    apply(draft, input)
    // What changed no count gives no rule a reason.
    if (draft.operation !== operation) judge(draft)
    return draft.decided()
  }
  // All counts of an ended operation are frozen: a late result is an event and nothing else.
  if (input.kind === 'device-reported') draft.logReport(input.execution, input.event, { late: 'true' })
  return draft.decided()
}

export function isEnded(operation: Operation): boolean {
  return operation.state === 'completed' || operation.state === 'stopped'
}

function apply(draft: Draft, input: Input): void {
  const { state } = draft.operation
  switch (input.kind) {
    case 'targets-found':
      targetsFound(draft, input.targets, input.more, input.upTo)
      break
    case 'target-joined':
      targetJoined(draft, input.device)
      break
    case 'pending-swept':
      pendingSwept(draft, input.executions, input.more)
      break
    case 'device-ready':
      deviceReady(draft, input)
      break
    case 'device-unreachable':
      deviceUnreachable(draft, input.execution)
      break
    case 'device-reported':
      deviceReported(draft, input)
      break
    case 'device-said-hello':
      deviceSaidHello(draft, input)
      break
    case 'deadline-passed':
      deadlinePassed(draft, input)
      break
    case 'operation-timed-out':
      operationTimedOut(draft, input.inProgress)
      break
    case 'joined-expiry-due':
      joinedExpiryDue(draft)
      break
    case 'clock-struck':
      clockStruck(draft, input.inProgress)
      break
    case 'stop-requested':
      stopNow(draft, input.by, input.inProgress)
      break
    case 'pause-requested':
      if (state === 'scheduled' || state === 'pending' || state === 'running') {
        const by = { kind: 'principal', name: input.by } as const
        draft.change({ state: 'paused', pause: { at: input.at, by, reason: 'paused by hand' } })
      }
      break
    case 'resume-requested':
      resume(draft)
      break
    case 'approved':
      if (state === 'awaiting-approval') {
        const next = idleState(draft.operation, input.at)
        draft.change({ state: next, approvedBy: input.by, ...(next === 'pending' ? { openedAt: input.at } : {}) })
      }
      break
    case 'refused':
      if (state === 'awaiting-approval') {
        draft.change({ refusedBy: input.by })
        stopNow(draft, { kind: 'principal', name: input.by }, [])
      }
      break
    case 'overridden':
      draft.change({ override: { by: input.by, at: input.at, reason: input.reason } })
      break
    case 'edited':
      draft.change({ policy: input.policy })
      break
    case 'device-removed':
      removeDevice(draft, input.execution)
      break
    case 'device-deregistered':
      deregisterDevice(draft, input.execution)
      break
    case 'rollback-made': {
      const { rollback } = draft.operation
      if (rollback !== undefined) draft.change({ rollback: { ...rollback, operation: input.operation } })
      break
    }
    default:
      input satisfies never
  }
}

/** A person has looked at what a rule has shown: rules count from here, and a wave that held the operation is passed. */
function resume(draft: Draft): void {
  const { state, pause, executed } = draft.operation
  if (state !== 'paused') return
  const heldByRule = pause?.by.kind === 'policy'
  const heldByWave = heldByRule && pause.by.rule === `waves.${draft.operation.wave.index}`
  draft.drop('pause')
  const next = idleState(draft.operation, draft.at)
  const opened = next === 'pending' && draft.operation.openedAt === undefined ? { openedAt: draft.at } : {}
  draft.change({ state: next, ...(heldByRule ? { abortBase: executed } : {}), ...opened })
  if (heldByWave && draft.operation.wave.soakUntil === undefined) passWave(draft)
}
