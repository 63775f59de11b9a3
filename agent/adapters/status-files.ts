// The observer that keeps `status.json` and `history.json` (status.ts): temp and rename, at changes, at most once a second.
// A disk that refuses is logged and tried again at the next change; nobody waits for these files.

import type { AgentView, Happening, Observer } from '../observer.ts'
import type { Clock, Disk, Log, Timer } from '../ports.ts'
import {
  type AgentHistory,
  type AgentStatus,
  historyPath,
  readHistory,
  statusFormat,
  statusPath,
  withHappenings,
} from '../status.ts'

export interface StatusFilesSettings {
  readonly dataDir: string
  readonly device: string
  /** Host and port, for people. */
  readonly broker: string
  readonly agentVersion: string
  readonly pid: number
  readonly processStart: string | undefined
  readonly bootId: string | undefined
  readonly memory: () => { readonly rssBytes: number; readonly heapBytes: number }
}

interface StatusPorts {
  readonly clock: Clock
  readonly log: Log
  readonly disk: Disk
}

const betweenWritesMs = 1000
const lastResultsMax = 5
/** Of one value in a happening that is kept, characters: a diff is read on the broker. */
const valueCharactersMax = 256
/** Everybody on the device may read these files, and a program may print a secret: left out. */
const privateValue = 'output'

export class StatusFiles implements Observer {
  readonly #ports: StatusPorts
  readonly #settings: StatusFilesSettings
  readonly #startedAt: number
  #history: AgentHistory
  #view: AgentView | undefined
  #since: { readonly step: number; readonly link: number; readonly waiting: number }
  #historyDirty = false
  #writtenMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()
  #refused = false
  #stoppedAt: number | undefined

  private constructor(ports: StatusPorts, settings: StatusFilesSettings, history: AgentHistory) {
    this.#ports = ports
    this.#settings = settings
    this.#history = history
    const now = ports.clock.wallMs()
    this.#startedAt = now
    this.#since = { step: now, link: now, waiting: now }
  }

  /** Goes on with the history that is there; one that cannot be read is logged and begun anew. */
  static async open(ports: StatusPorts, settings: StatusFilesSettings): Promise<StatusFiles> {
    let history: AgentHistory = { format: statusFormat, results: [], events: [] }
    try {
      history = await readHistory(settings.dataDir)
    } catch (err) {
      ports.log.warn({ event: 'history-unreadable', err }, 'the history begins anew')
    }
    return new StatusFiles(ports, settings, history)
  }

  changed(view: AgentView): void {
    const before = this.#view
    const now = this.#ports.clock.wallMs()
    const same = (of: (view: AgentView) => unknown): boolean => before !== undefined && of(before) === of(view)
    this.#since = {
      step: same(({ step, job }) => `${step} ${job?.operation}`) ? this.#since.step : now,
      link: same(({ link }) => link.connected) ? this.#since.link : now,
      waiting: same(({ waitingFor }) => waitingFor) ? this.#since.waiting : now,
    }
    this.#view = view
    if (before === undefined || JSON.stringify(before) !== JSON.stringify(view)) this.#wish()
  }

  happened(happenings: readonly Happening[]): void {
    if (happenings.length === 0) return
    this.#history = withHappenings(this.#history, happenings.map(clipped), this.#ports.clock.wallMs())
    this.#historyDirty = true
    this.#wish()
  }

  /** The last write says that the agent ended in order. Never rejects. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#stoppedAt = this.#ports.clock.wallMs()
    this.#write()
    await this.#writing
  }

  #wish(): void {
    if (this.#timer !== undefined || this.#stoppedAt !== undefined) return
    const waitMs = this.#writtenMs + betweenWritesMs - this.#ports.clock.monotonicMs()
    if (waitMs <= 0) this.#write()
    else
      this.#timer = this.#ports.clock.after(waitMs, () => {
        this.#timer = undefined
        this.#write()
      })
  }

  #write(): void {
    this.#writtenMs = this.#ports.clock.monotonicMs()
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#writeNow()
        this.#refused = false
      } catch (err) {
        if (!this.#refused) this.#ports.log.warn({ event: 'status-not-written', err }, 'the status files stay behind')
        this.#refused = true
      }
    })
  }

  async #writeNow(): Promise<void> {
    const { dataDir } = this.#settings
    if (this.#historyDirty) {
      this.#historyDirty = false
      try {
        await this.#replace(historyPath(dataDir), this.#history, true)
      } catch (error) {
        this.#historyDirty = true
        throw error
      }
    }
    const status = this.#status()
    // Not fsynced: it tells of this very process, which a power cut ends with it.
    if (status !== undefined) await this.#replace(statusPath(dataDir), status, false)
  }

  #status(): AgentStatus | undefined {
    const view = this.#view
    if (view === undefined) return undefined
    const { device, broker, agentVersion, pid, processStart, bootId, memory } = this.#settings
    return {
      format: statusFormat,
      device,
      broker,
      agentVersion,
      pid,
      ...(processStart === undefined ? {} : { processStart }),
      ...(bootId === undefined ? {} : { bootId }),
      startedAt: this.#startedAt,
      writtenAt: this.#ports.clock.wallMs(),
      ...(this.#stoppedAt === undefined ? {} : { stoppedAt: this.#stoppedAt }),
      ...view,
      stepSince: this.#since.step,
      linkSince: this.#since.link,
      ...(view.waitingFor === undefined ? {} : { waitingSince: this.#since.waiting }),
      lastResults: this.#history.results.slice(-lastResultsMax),
      memory: memory(),
    }
  }

  async #replace(path: string, content: object, durable: boolean): Promise<void> {
    const { disk } = this.#ports
    const file = await disk.open(`${path}.new`, 'create', 0o644)
    try {
      await file.write(0, Buffer.from(`${JSON.stringify(content, null, 1)}\n`))
      if (durable) await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(`${path}.new`, path)
  }
}

function clipped(happening: Happening): Happening {
  const data = Object.fromEntries(
    Object.entries(happening.data).map(([name, value]) =>
      name === privateValue ? [`${name}_cut`, 'true'] : [name, value.slice(0, valueCharactersMax)],
    ),
  )
  return { ...happening, data }
}
