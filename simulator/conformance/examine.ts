// An examination from its first case to its report card: lanes side by side where the tool starts the devices, one lane
// where a device comes by itself; a fresh lane after a case that leaves a device of no more use.
import { join } from 'node:path'
import { deviceId } from '../../proto/ids.ts'
import type { Candidate, Provision } from './candidate.ts'
import type { Case, Result } from './case.ts'
import type { Patience } from './examination.ts'
import type { Recipient } from './goods.ts'
import { Lane } from './lane.ts'

export interface ExaminationSettings {
  readonly cases: readonly Case[]
  /** Of one lane; with several devices it is what their ids begin with. */
  readonly device: string
  readonly secret: string
  readonly recipient: Recipient
  /** An empty folder; what lies in it afterwards is for whoever looks into a failure. */
  readonly folder: string
  readonly host: string
  readonly port: number
  readonly patience: Patience
  readonly imageHead: Buffer
  readonly brokenHead: Buffer | undefined
  readonly candidate: Candidate | undefined
  /** Devices at a time; 1 where the device comes by itself. */
  readonly lanes: number
  readonly waitsFor: (provision: Provision) => void
  readonly told: (one: Case, result: Result) => void
  readonly signal: AbortSignal
}

export interface Examined {
  readonly one: Case
  readonly result: Result
}

/** A fresh device that does not connect is told once; what else was to be seen of it is not waited for. */
function notThere(reported: boolean): Result {
  const seen = 'the device did not connect, or has not said a hello that reads'
  return { verdict: reported ? 'not-tried' : 'failed', seen, tookMs: 0 }
}

/** In the order of the cases. Rejects when something of the examination itself fails, or with the end of the run. */
export async function examine(settings: ExaminationSettings): Promise<readonly Examined[]> {
  const results = new Map<Case, Result>()
  const queue = [...settings.cases]
  let laneCount = 0
  const openLane = async (): Promise<Lane> => {
    laneCount += 1
    const several = settings.candidate !== undefined
    const device = deviceId(several ? `${settings.device}-${laneCount}` : settings.device)
    const folder = join(settings.folder, device)
    return Lane.open({ ...settings, device, folder, port: several ? 0 : settings.port })
  }
  const work = async (): Promise<void> => {
    let lane: Lane | undefined
    let [absent, reported] = [false, false]
    try {
      for (;;) {
        settings.signal.throwIfAborted()
        const one = queue.shift()
        if (one === undefined) return
        if (lane?.spoiled === true && settings.candidate !== undefined) {
          await lane.close()
          lane = undefined
        }
        if (lane === undefined) {
          lane = await openLane()
          absent = !(await lane.connected())
        }
        const result = absent ? notThere(reported) : await lane.examine(one)
        reported ||= absent
        results.set(one, result)
        settings.told(one, result)
      }
    } finally {
      await lane?.close()
    }
  }
  const lanes = settings.candidate === undefined ? 1 : Math.max(1, Math.min(settings.lanes, queue.length))
  const ends = await Promise.allSettled(Array.from({ length: lanes }, work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return settings.cases.flatMap(one => {
    const result = results.get(one)
    return result === undefined ? [] : [{ one, result }]
  })
}
