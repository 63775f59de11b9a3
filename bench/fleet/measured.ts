// One run of the simulator's fleet for a bench: flags in, findings out, its processes started from here.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nowMs } from '../../simulator/clock.ts'
import type { Findings } from '../../simulator/fleet/findings.ts'
import { type Preparation, prepare } from '../../simulator/fleet/preparation.ts'
import { type BesideUpdate, runFleet } from '../../simulator/fleet/run.ts'
import { readSettings } from '../../simulator/fleet/settings.ts'

export interface MeasuredFleet {
  readonly findings: Findings
  readonly preparation: Preparation
}

/** `flags`: those of `drover-simulator fleet`. Throws UsageError and FleetFailed; a signal to this process ends the run. */
export async function measuredFleet(flags: readonly string[], besideUpdate?: BesideUpdate): Promise<MeasuredFleet> {
  const settings = readSettings(flags)
  const preparation = await prepare(settings, process.cwd(), Date.now())
  const run = new AbortController()
  const interrupt = (): void => run.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const findings = await runFleet({
      preparation,
      run,
      latestMs: nowMs() + settings.limitMs,
      onlooker: { say: () => {}, show: () => {} },
      ...(besideUpdate === undefined ? {} : { besideUpdate }),
      host: {
        node: process.execPath,
        environment: process.env,
        fork: (program, parameters = [], execArgv = []) =>
          fork(fileURLToPath(new URL(`../../simulator/${program}`, import.meta.url)), [...parameters], {
            execArgv: [...execArgv],
            serialization: 'advanced',
          }),
      },
    })
    return { findings, preparation }
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
