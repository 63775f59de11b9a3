// The bench's side of the probe in the broker's process.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const fileIn = (folder: string): string => join(folder, 'probe-port')

/** For the process that is to be looked into. */
export const probeArgs: readonly string[] = [
  '--import',
  fileURLToPath(new URL('./loop-delay-probe.js', import.meta.url)),
]
export const probeEnvironment = (folder: string) => ({ DROVER_BENCH_PROBE: fileIn(folder) })

export interface LongestDelay {
  readonly delayMs: number
  /** Of it, the processor time of the main thread: what others on the machine did is not in it. */
  readonly heldMs: number
}

export class LoopDelay {
  readonly #url: string

  private constructor(url: string) {
    this.#url = url
  }

  /** The process is up. */
  static async open(folder: string): Promise<LoopDelay> {
    return new LoopDelay(`http://127.0.0.1:${await readFile(fileIn(folder), 'utf8')}`)
  }

  /** The longest since the last call. */
  async worst(): Promise<LongestDelay> {
    return (await (await fetch(this.#url)).json()) as LongestDelay
  }
}
