// Loaded before a program by `node --import`: ends the process with SIGKILL at the n-th step of its file work (each
// open, and each rename once before and once after it), as a power cut between two writes would. KILL_AT says n.
import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

let left = Number(process.env.KILL_AT)

function step(): void {
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}

const { open, rename } = promises
promises.open = async (...parameters) => {
  step()
  return open(...parameters)
}
promises.rename = async (from, to) => {
  step()
  await rename(from, to)
  step()
}
syncBuiltinESMExports()
