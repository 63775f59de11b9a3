#!/usr/bin/env node
// The bin `drover`: gives the command line the world. Everything else is in program.ts.
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { runCli } from './program.ts'
import { systemClock } from './system-clock.ts'

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
// `drover events list | head` ends when head has seen enough.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
  throw error
})
/** Of a person at a terminal; the question is no data and goes where the hints go. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // At a terminal readline keeps Ctrl-C to itself.
  lines.on('SIGINT', () => interrupted.abort(new Error('interrupted')))
  try {
    return await lines.question(question, { signal: interrupted.signal })
  } finally {
    lines.close()
  }
}
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  random: { bytes: randomBytes },
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
  signal: interrupted.signal,
})
