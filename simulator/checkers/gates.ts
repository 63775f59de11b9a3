// When and to whom nothing may be handed over.
import { CronCalendar } from '../../broker/adapters/cron-calendar.ts'
import { type CheckerOf, isHandOver, nameOf } from './checker.ts'

/** The checker's own; what it has found out is the same in every world. */
const calendar = new CronCalendar()

/** No hand-over outside a window, unless a second person lifted it. */
export const windows: CheckerOf = report => {
  return {
    name: 'windows',
    committed({ executions, operations, decided }, ledger) {
      for (const { after } of executions.filter(isHandOver)) {
        const operation = ledger.operations.get(after.operation)
        if (operation === undefined || operation.override !== undefined) continue
        // A person may have edited them in the same commit: what was before counts as well.
        const before = operations.find(step => step.after.id === operation.id)?.before ?? operation
        const open = [operation, before].some(
          ({ policy: { schedule } }) =>
            schedule.windows.length === 0 || calendar.state(schedule.windows, decided.believedWallMs).open,
        )
        if (!open)
          report(
            `${nameOf(operation.id, after.device)} handed over at ${iso(decided.believedWallMs)}, outside its windows`,
          )
      }
    },
  }
}

/** No hand-over before approval and start, while paused, after the end of the schedule, after a stop or the end. */
export const states: CheckerOf = report => ({
  name: 'states',
  committed({ executions, operations, decided }, ledger) {
    for (const { after } of executions.filter(isHandOver)) {
      const name = nameOf(after.operation, after.device)
      const operation = ledger.operations.get(after.operation)
      if (operation === undefined) {
        report(`${name} handed over, and there is no such operation`)
        continue
      }
      const before = operations.find(step => step.after.id === operation.id)?.before ?? operation
      const { approval, schedule } = operation.policy
      if (approval && operation.approvedBy === undefined) report(`${name} handed over before the approval`)
      // Once it is open it stays so, also when the time of the fleet goes on from what was saved of it last.
      const hasStarted = (before.openedAt ?? 0) >= (schedule.startAt ?? 0)
      if (schedule.startAt !== undefined && decided.fleetMs < schedule.startAt && !hasStarted)
        report(`${name} handed over ${schedule.startAt - decided.fleetMs} ms before its start`)
      if (schedule.endAt !== undefined && decided.fleetMs >= schedule.endAt)
        report(`${name} handed over ${decided.fleetMs - schedule.endAt} ms after the end of its schedule`)
      if (before.closedAt !== undefined) report(`${name} handed over though the schedule was over`)
      if (['stopping', 'stopped', 'completed'].includes(before.state))
        report(`${name} handed over while ${before.state}`)
      const may = (state: string): boolean => state === 'pending' || state === 'running'
      // Resumed or paused in the same commit: one of both states must allow it.
      if (!may(before.state) && !may(operation.state)) report(`${name} handed over while ${operation.state}`)
    }
  },
})

/** Nothing for a device that is unknown, quarantined, of another vendor, at the target, or without what it must have. */
export const suitable: CheckerOf = report => ({
  name: 'suitable',
  committed({ executions }, ledger) {
    for (const { after } of executions.filter(isHandOver)) {
      const name = nameOf(after.operation, after.device)
      const operation = ledger.operations.get(after.operation)
      const device = ledger.devices.get(after.device)
      if (device === undefined) report(`${name} handed over to a device that is not registered`)
      if (device === undefined || operation === undefined) continue
      const { subject, policy } = operation
      if (device.quarantinedAt !== undefined) report(`${name} handed over to a quarantined device`)
      for (const { component, versionLeast } of policy.prerequisites) {
        const has = device.components.find(({ name: found }) => found === component)?.version
        if (has === undefined || numeric(has) < numeric(versionLeast))
          report(`${name} handed over with ${component} ${has}, ${versionLeast} is a must`)
      }
      if (subject.kind !== 'release') continue
      if (!subject.vendorIds.includes(device.vendorId)) report(`${name} handed over to a device of another vendor`)
      if (device.components.some(({ version, digest }) => version === subject.version && digest === subject.digest))
        report(`${name} handed over to a device at the target`)
    }
  },
})

const numeric = (version: string): number =>
  version.split('.').reduce((sum, part) => sum * 1000 + Number.parseInt(part, 10), 0)

const iso = (ms: number): string => new Date(ms).toISOString()
