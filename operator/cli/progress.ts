// A bar on a terminal, nothing where nobody looks. What must be told without a terminal is a line of its command.
import { Writable } from 'node:stream'
import { SingleBar } from 'cli-progress'
import type { CliContext } from './context.ts'

export interface Bar {
  update(value: number, text?: string): void
  /** Takes it off the screen until the next update: somebody else has something to say. */
  pause(): void
  /** May be called again. */
  stop(): void
}

export function startBar({ world, out }: CliContext, title: string, total: number): Bar {
  if (world.stderr.isTTY !== true || world.env.TERM === 'dumb' || out.json)
    return { update: () => undefined, pause: () => undefined, stop: () => undefined }
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
  let state: 'running' | 'paused' | 'stopped' = 'running'
  return {
    update: (value, text) => {
      if (state === 'paused') bar.start(total, value, { text: '' })
      if (state === 'paused') state = 'running'
      if (state === 'running') bar.update(value, text === undefined ? {} : { text })
    },
    pause: () => {
      if (state !== 'running') return
      bar.stop()
      state = 'paused'
    },
    stop: () => {
      if (state === 'running') bar.stop()
      state = 'stopped'
    },
  }
}
