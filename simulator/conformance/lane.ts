// One device with its broker and line, opened from the bottom up; cases run on it one after the other until one leaves it
// in a state that says nothing any more.
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceId } from '../../proto/ids.ts'
import { nowMs } from '../clock.ts'
import { ExaminationBroker } from './broker.ts'
import type { Candidate, Provision } from './candidate.ts'
import { type Case, NotApplicable, type Result, Unfulfilled } from './case.ts'
import { Examination, type Patience } from './examination.ts'
import { imageOf, type Recipient } from './goods.ts'
import { trustDocument } from './keys.ts'
import { outboxProblem } from './laws.ts'
import { Line } from './line.ts'
import { Witness } from './witness.ts'

export interface LaneSettings {
  readonly device: DeviceId
  readonly secret: string
  readonly recipient: Recipient
  /** Fresh, or empty; everything of this lane lies in it. */
  readonly folder: string
  readonly host: string
  /** Of the line; 0 for any free one. */
  readonly port: number
  readonly patience: Patience
  readonly imageHead: Buffer
  readonly brokenHead: Buffer | undefined
  /** Starts the device; undefined: it is told what it needs by `waitsFor`, and comes by itself. */
  readonly candidate: Candidate | undefined
  /** Told once the line is open. */
  readonly waitsFor: (provision: Provision) => void
  readonly signal: AbortSignal
}

export const factoryVersion = '1.0.0'

export class Lane {
  readonly #settings: LaneSettings
  readonly #examination: Examination
  readonly #close: () => Promise<void>
  /** Where the case that runs now began. */
  #spoiled = false

  private constructor(settings: LaneSettings, examination: Examination, close: () => Promise<void>) {
    this.#settings = settings
    this.#examination = examination
    this.#close = close
  }

  static async open(settings: LaneSettings): Promise<Lane> {
    const { device, folder, host, port, recipient, candidate, signal } = settings
    const opened: (() => Promise<void>)[] = []
    const close = async (): Promise<void> => {
      for (const end of opened.splice(0).reverse()) await end()
    }
    try {
      const own = join(folder, 'device')
      await mkdir(own, { recursive: true })
      const broker = await ExaminationBroker.open(join(folder, 'broker'))
      opened.push(() => broker.stop())
      await broker.enroll(device, settings.secret)
      const witness = new Witness(device, signal)
      const line = await Line.open({ host, port, witness, brokerPort: () => broker.port, signal })
      opened.push(() => line.close())
      const provision: Provision = {
        ...{ host, port: line.port, device, secret: settings.secret, folder: own },
        ...{ trust: join(folder, 'trust.bin'), image: join(folder, 'factory-image') },
        ...{ vendor: recipient.vendorId, class: recipient.classId, component: recipient.component },
        version: factoryVersion,
      }
      await writeFile(provision.trust, trustDocument())
      await writeFile(provision.image, imageOf('factory', 40_000, settings.imageHead), { mode: 0o755 })
      settings.waitsFor(provision)
      const running = await candidate?.(provision)
      if (running !== undefined) opened.push(() => running.stop())
      const nonce = createHash('sha256').update(`${folder} ${nowMs()}`).digest('hex').slice(0, 12)
      const examination = new Examination({
        ...{ device, recipient, broker, line, witness, signal, nonce, candidate: running },
        ...{ patience: settings.patience, imageHead: settings.imageHead, brokenHead: settings.brokenHead },
      })
      return new Lane(settings, examination, close)
    } catch (error) {
      await close()
      throw error
    }
  }

  /** The next case would say nothing of the device. */
  get spoiled(): boolean {
    return this.#spoiled
  }

  /** Without a limit where a person has to start the device first. */
  async connected(): Promise<boolean> {
    for (;;) {
      if (await this.#examination.ready()) return true
      if (this.#settings.candidate !== undefined) return false
      this.#settings.signal.throwIfAborted()
    }
  }

  /** Throws only what is no word about the device. */
  async examine(one: Case): Promise<Result> {
    const began = nowMs()
    const ends = (verdict: Result['verdict'], seen: string): Result => ({
      ...{ verdict, seen },
      tookMs: Math.round(nowMs() - began),
    })
    const at = this.#examination
    if (one.restarts === true && at.candidate === undefined)
      return ends('not-tried', 'the device was not started by the examination: --run')
    if (!(await at.ready())) {
      this.#spoiled = true
      return ends('failed', 'the device is not connected, or has not said a hello that reads')
    }
    const mark = at.witness.mark()
    let result: Result
    try {
      const seen = await one.examine(at)
      // What holds at all times is looked at in every case.
      const problem = outboxProblem(at.witness.since(0)) ?? unreadable(at, mark)
      result = problem === undefined ? ends('passed', seen) : ends('failed', problem)
    } catch (error) {
      if (error instanceof Unfulfilled) result = ends('failed', error.message)
      else if (error instanceof NotApplicable) result = ends('not-applicable', error.message)
      else throw error
    }
    const settled = await at.settle()
    this.#spoiled = !settled || one.spoils === true || result.verdict === 'failed'
    return result
  }

  async close(): Promise<void> {
    await this.#close()
  }
}

function unreadable({ witness }: Examination, mark: number): string | undefined {
  const [bad] = witness.of('unreadable', mark)
  if (bad !== undefined) return `a message on ${bad.topic} does not read: ${bad.problem}`
  const [strange] = witness.of('other', mark).filter(({ topic }) => !/\/(presence|configuration|log)$/.test(topic))
  return strange === undefined ? undefined : `a message on ${strange.topic}, where a device has nothing to say`
}
