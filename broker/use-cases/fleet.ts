// The fleet in numbers, as it was counted in the background a moment ago.
import type { FailureHistory, FleetView } from '../../proto/http-console.ts'
import { RequestRefused } from '../errors.ts'
import { hoursMax } from '../reports/failure-tally.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import type { UseCases } from './use-cases.ts'

export function fleetUseCases({
  orchestrator,
  reports,
}: Pick<Dependencies, 'orchestrator' | 'reports'>): Pick<UseCases, 'showFleet' | 'fleetFailures'> {
  return {
    async showFleet(by): Promise<FleetView> {
      requireRole(by, 'viewer')
      const { countedAt, ...counts } = await reports.fleet.count()
      return {
        countedAt: countedAt === undefined ? null : new Date(countedAt).toISOString(),
        online: orchestrator.onlineCount(),
        ...counts,
      }
    },

    async fleetFailures(by, { hours = 24 }): Promise<FailureHistory> {
      requireRole(by, 'viewer')
      if (!Number.isInteger(hours) || hours < 1 || hours > hoursMax) {
        const message = `expected a whole number from 1 to ${hoursMax}`
        throw new RequestRefused('INVALID', `hours: ${message}`, [{ name: 'hours', message }])
      }
      return reports.failures.history(hours)
    },
  }
}
