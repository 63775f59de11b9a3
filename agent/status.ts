// The two small files in which an agent says what it is about: `status.json`, written anew at every change, and
// `history.json`, what happened of late. The journal is locked while the agent runs, so whoever asks reads these. They
// are told, not believed: whether the process they name still runs is looked at by the reader (verbs/).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentView, Happening } from './observer.ts'
import { isObject } from './settings/setting.ts'

export const statusFormat = 1
/** Results and events kept in the history. */
export const historyResultsMax = 64
export const historyEventsMax = 256
/** Larger than either file gets. */
const fileBytesMax = 4 * 1024 * 1024

export interface AgentStatus extends AgentView {
  readonly format: number
  readonly device: string
  readonly broker: string
  readonly agentVersion: string
  readonly pid: number
  /** When the process began, in the kernel's own units; undefined where it does not say. */
  readonly processStart?: string
  /** Of the machine, as the kernel names it. */
  readonly bootId?: string
  /** Times are milliseconds since 1970 by the device's clock. */
  readonly startedAt: number
  readonly writtenAt: number
  /** Ended in order. */
  readonly stoppedAt?: number
  readonly stepSince: number
  readonly linkSince: number
  readonly waitingSince?: number
  readonly lastResults: readonly PastHappening[]
  readonly memory: { readonly rssBytes: number; readonly heapBytes: number }
}

export interface PastHappening extends Happening {
  readonly at: number
}

export interface AgentHistory {
  readonly format: number
  /** Oldest first. */
  readonly results: readonly PastHappening[]
  readonly events: readonly PastHappening[]
}

export function statusPath(dataDir: string): string {
  return join(dataDir, 'status.json')
}
export function historyPath(dataDir: string): string {
  return join(dataDir, 'history.json')
}

/** Undefined when there is none. Throws RangeError for a file that is none of ours, or the file system's error. */
export async function readStatus(dataDir: string): Promise<AgentStatus | undefined> {
  const path = statusPath(dataDir)
  const json = await readJson(path)
  if (json === undefined) return undefined
  const { pid, step, startedAt, link } = json
  if (!Number.isSafeInteger(pid) || typeof step !== 'string' || typeof startedAt !== 'number' || !isObject(link))
    throw new RangeError(`${path} is no status of an agent`)
  return json as unknown as AgentStatus
}

/** Empty when there is none. Throws as `readStatus`. */
export async function readHistory(dataDir: string): Promise<AgentHistory> {
  const path = historyPath(dataDir)
  const json = await readJson(path)
  if (json === undefined) return { format: statusFormat, results: [], events: [] }
  const { results, events } = json
  if (!areHappenings(results) || !areHappenings(events)) throw new RangeError(`${path} is no history of an agent`)
  return { format: statusFormat, results, events }
}

/** The history with what has happened since, bounded. */
export function withHappenings(history: AgentHistory, happenings: readonly Happening[], at: number): AgentHistory {
  const news = happenings.map(happening => ({ at, ...happening }))
  const of = (kind: Happening['kind'], past: readonly PastHappening[], most: number): readonly PastHappening[] =>
    [...past, ...news.filter(each => each.kind === kind)].slice(-most)
  return {
    format: statusFormat,
    results: of('result', history.results, historyResultsMax),
    events: of('event', history.events, historyEventsMax),
  }
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (bytes.length > fileBytesMax) throw new RangeError(`${path}: ${bytes.length} bytes, expected a small file`)
  let json: unknown
  try {
    json = JSON.parse(bytes.toString())
  } catch (cause) {
    throw new RangeError(`${path} is torn or overwritten: it is no JSON`, { cause })
  }
  if (!isObject(json) || json.format !== statusFormat)
    throw new RangeError(`${path}: expected format ${statusFormat}, as this program writes it`)
  return json
}

function areHappenings(value: unknown): value is readonly PastHappening[] {
  return (
    Array.isArray(value) &&
    value.every(each => isObject(each) && typeof each.at === 'number' && typeof each.what === 'string')
  )
}
