// A bar on a terminal, nothing where nobody looks. What must be told without a terminal is a line of its command.
import { Writable } from 'node:stream'
import { SingleBar } from 'cli-progress'
import type { CliContext } from './context.ts'

export interface Bar {
  update(value: number, text?: string): void
  /** May be called again. */
  stop(): void
}

export function startBar({ world, out }: CliContext, title: string, total: number): Bar {
  if (world.stderr.isTTY !== true || world.env.TERM === 'dumb' || out.json)
    return { update: () => undefined, stop: () => undefined }
  const screen = world.stderr
  // cli-progress draws with the methods of a terminal; a terminal is what stderr is here.
  const stream = screen instanceof Writable ? (screen as unknown as NodeJS.WritableStream) : undefined
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% {text}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    ...(stream === undefined ? {} : { stream }),
  })
  bar.start(total, 0, { text: '' })
  let running = true
  return {
    update: (value, text) => {
      if (running) bar.update(value, text === undefined ? {} : { text })
    },
    stop: () => {
      if (running) bar.stop()
      running = false
    },
  }
}
