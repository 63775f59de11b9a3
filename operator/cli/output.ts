// What a command says: to people as tables and sentences, to programs as one JSON object a line. Data goes to stdout,
// everything about it (hints, progress, errors) to stderr. Text from the broker may come from a device that lies: its
// control characters never reach a terminal.
import type { OperatorError } from '../errors.ts'
import { type Cell, type Column, drawItem, drawTable } from './table.ts'

export interface Screen {
  /** False: it is full, and says `drain` when it is not. */
  write(text: string | Uint8Array): unknown
  once?(event: 'drain', listener: () => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  /** Absent: programs that are started cannot write there themselves. */
  readonly fd?: number
}
export type Tone = 'good' | 'bad' | 'quiet' | 'plain'

const colors: Readonly<Record<Tone, string>> = { good: '32', bad: '31', quiet: '2', plain: '' }

export class Output {
  readonly json: boolean
  readonly #color: boolean
  readonly #stdout: Screen
  readonly #stderr: Screen

  constructor(stdout: Screen, stderr: Screen, { json, color }: { readonly json: boolean; readonly color: boolean }) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.json = json
    this.#color = color
  }

  /** A list: a table, or a line of JSON each. `whenEmpty` tells a person what to do next. */
  items<T extends object>(items: readonly T[], columns: readonly Column<T>[], whenEmpty: string): void {
    if (this.json) for (const item of items) this.record(item)
    else if (items.length === 0) this.hint(whenEmpty)
    else {
      const width = this.#stdout.isTTY === true ? this.#stdout.columns : undefined
      const { text, left } = drawTable(columns, items, printable, width)
      const [head = '', ...rows] = text.split('\n')
      this.#write([this.#color ? `\u001b[1m${head}\u001b[0m` : head, ...rows].join('\n'))
      if (left.length > 0) this.hint(`No room for: ${left.join(', ')}. All of it: a wider window, a pipe, or --json.`)
    }
  }

  /** One thing: a line a property, or one line of JSON. */
  item(item: object, properties: readonly (readonly [string, Cell])[]): void {
    if (this.json) this.record(item)
    else this.#write(drawItem(properties, printable))
  }

  record(item: object): void {
    this.#stdout.write(`${JSON.stringify(item)}\n`)
  }

  /** The same, no faster than it is read. */
  async flushed(item: object): Promise<void> {
    await this.raw(`${JSON.stringify(item)}\n`)
  }

  /** Data as it is, no faster than it is read. */
  async raw(data: string | Uint8Array): Promise<void> {
    const screen = this.#stdout
    if (screen.write(data) === false && screen.once !== undefined)
      await new Promise<void>(resolve => screen.once?.('drain', resolve))
  }

  /** For people only. */
  line(text: string, tone: Tone = 'plain'): void {
    if (!this.json) this.#write(this.paint(text, tone))
  }

  /** About the data, not part of it. */
  hint(text: string): void {
    this.#stderr.write(`${printable(text)}\n`)
  }

  error(error: OperatorError, hints: readonly string[]): void {
    const { code, message, fields, requestId } = error
    if (this.json) {
      const body = {
        object: 'error',
        code,
        message,
        fields,
        ...(requestId === undefined ? {} : { request_id: requestId }),
      }
      this.#stderr.write(`${JSON.stringify(body)}\n`)
      return
    }
    const lines = [`drover: ${message}`]
    for (const { name, message: problem } of fields)
      if (problem !== message && !(message.includes(name) && message.includes(problem)))
        lines.push(`  ${name}: ${problem}`)
    lines.push(...hints.map(hint => `  ${hint}`))
    if (requestId !== undefined) lines.push(`  request id for the broker's log: ${requestId}`)
    for (const line of lines) this.hint(line)
  }

  paint(text: string, tone: Tone): string {
    const plain = printable(text)
    return this.#color && tone !== 'plain' ? `\u001b[${colors[tone]}m${plain}\u001b[0m` : plain
  }

  #write(text: string): void {
    this.#stdout.write(`${text}\n`)
  }
}

/** The text without control characters (C0, DEL, C1), which could move the cursor or change what stands above. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** 2030-01-02 03:04:05Z, or a dash. */
export function timeOf(time: string | null): string {
  return time === null ? '–' : `${time.slice(0, 10)} ${time.slice(11, 19)}Z`
}
