#!/usr/bin/env node
// The bin `drover`: gives the command line the world. Everything else is in program.ts.
import { runCli } from './program.ts'
import { systemClock } from './system-clock.ts'

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
// `drover events list | head` ends when head has seen enough.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
  throw error
})
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: interrupted.signal,
})
