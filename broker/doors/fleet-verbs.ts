// The fleet in numbers.
import { FailureHistory, FleetView } from '../../proto/http-console.ts'
import { positiveInteger } from './parameters.ts'
import { type Verb, verb } from './verb.ts'

export const fleetVerbs: readonly Verb[] = [
  verb({
    name: 'fleet',
    summary: 'How many devices there are, and which versions they run; counted in the background',
    role: 'viewer',
    http: ['GET', '/v1/fleet'],
    answer: FleetView,
    perform: (useCases, by) => useCases.showFleet(by),
  }),
  verb({
    name: 'fleet-failures',
    summary: 'Failures by code in steps of an hour',
    role: 'viewer',
    http: ['GET', '/v1/fleet/failures'],
    query: { hours: positiveInteger('how many, up to the one that runs; default 24', 168) },
    answer: FailureHistory,
    perform: (useCases, by, { query }) => useCases.fleetFailures(by, query),
  }),
]
