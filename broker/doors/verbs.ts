// The table that HTTP routes, MQTT verbs and the OpenAPI document are made from. A new use case is one row in the file
// of its noun. Not here is what is no JSON: bundles, CSV, backups, streams; those are HTTP's alone.
import { administrationVerbs } from './administration-verbs.ts'
import { deviceVerbs } from './device-verbs.ts'
import { fleetVerbs } from './fleet-verbs.ts'
import { operationVerbs } from './operation-verbs.ts'
import type { Verb } from './verb.ts'

export const verbs: readonly Verb[] = [...deviceVerbs, ...operationVerbs, ...fleetVerbs, ...administrationVerbs]

/** Of request ids, wherever they stand. */
export const requestIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/
export const requestIdWords = 'expected 1 to 64 of A-Z a-z 0-9 . _ : -, beginning with a letter or digit'
