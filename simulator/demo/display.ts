// What a person sees while the demo runs and at its end: sentences, live bars on a terminal (plain lines elsewhere), two
// tables. Nothing here is read by a program; that is report.ts.
import { MultiBar, type SingleBar } from 'cli-progress'
import Table from 'cli-table3'
import { eventCodeEntry, isEventCode } from '../../proto/event-codes.ts'
import { nowMs } from '../clock.ts'
import type { DemoReport } from './report.ts'

export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
}

const stateNames = ['pending', 'inProgress', 'completed', 'failed', 'skipped'] as const
/** Executions by state. */
export type States = Readonly<Record<(typeof stateNames)[number], number>>

const stateTexts: Readonly<Record<(typeof stateNames)[number], string>> = {
  pending: 'pending',
  inProgress: 'in progress',
  completed: 'completed',
  failed: 'failed',
  skipped: 'skipped',
}

interface Bars {
  readonly all: MultiBar
  readonly total: SingleBar
  readonly states: ReadonlyMap<string, SingleBar>
}

export class Display {
  readonly #screen: Screen
  readonly #deviceCount: number
  readonly #startedMs: number
  #bars: Bars | undefined
  #said = ''

  constructor(screen: Screen, deviceCount: number, startedMs: number) {
    this.#startedMs = startedMs
    this.#screen = screen
    this.#deviceCount = deviceCount
  }

  /** With the seconds since the demo began. */
  tell(text: string): void {
    const seconds = ((nowMs() - this.#startedMs) / 1000).toFixed(1)
    this.say(`${seconds.padStart(5)} s  ${text}`)
  }

  say(text: string): void {
    // Above the bars when they are there.
    if (this.#bars === undefined) this.#screen.write(`${text}\n`)
    else this.#bars.all.log(`${text}\n`)
  }

  /** May be called as often as one likes. */
  show(states: States): void {
    const done = states.completed + states.failed + states.skipped
    if (this.#screen.isTTY === true) {
      const bars = this.#bars ?? this.#openBars()
      this.#bars = bars
      bars.total.update(done)
      for (const name of stateNames) bars.states.get(name)?.update(states[name])
      bars.all.update()
      return
    }
    const text = stateNames
      .flatMap(name => (states[name] === 0 ? [] : [`${states[name]} ${stateTexts[name]}`]))
      .join(', ')
    if (text === this.#said) return
    this.#said = text
    this.tell(`${String(done).padStart(2)}/${this.#deviceCount} ended: ${text}`)
  }

  /** Leaves the bars as they stand. May be repeated. */
  closeBars(): void {
    this.#bars?.all.stop()
    this.#bars = undefined
  }

  tables({ devices, codes }: DemoReport): void {
    const byCode = new Table({ head: ['code', 'text', 'devices'], colAligns: ['left', 'left', 'right'], ...plain })
    for (const [code, count] of Object.entries(codes))
      byCode.push([code, isEventCode(code) ? eventCodeEntry(code).text : '', count])
    const byDevice = new Table({
      head: ['device', 'outcome', 'code', 'version', 'image SHA-256', 'downloaded', 'quirk'],
      colAligns: ['left', 'left', 'left', 'left', 'left', 'right', 'left'],
      ...plain,
    })
    for (const { id, outcome, code, version, sha256, bytesDownloaded, quirk } of devices)
      byDevice.push([id, outcome, code, version, sha256.slice(0, 12), grouped(bytesDownloaded), quirk])
    this.#screen.write(`\n${byDevice}\n\n${byCode}\n\n`)
  }

  #openBars(): Bars {
    const options = {
      format: '  {name} {bar} {value}/{total}',
      barsize: 40,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: false,
      // Signals are the demo's own affair.
      gracefulExit: false,
    }
    const all = new MultiBar({ ...options, stream: this.#screen as NodeJS.WriteStream, clearOnComplete: false })
    const bar = (name: string): SingleBar => all.create(this.#deviceCount, 0, { name: name.padEnd(11) })
    const total = bar('ended')
    return { all, total, states: new Map(stateNames.map(name => [name, bar(stateTexts[name])])) }
  }
}

/** 1234567 as 1 234 567. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ' ')
}

const plain = { style: { head: [], border: [], compact: true } }
