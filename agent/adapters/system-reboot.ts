// Restarting the machine the agent runs on, and telling one boot of it from the next. Without a reboot command the device
// is what boot starts: its boots are the starts of the agent, and nothing of this is used.
import { readFile } from 'node:fs/promises'
import type { Clock } from '../ports.ts'
import { runProgram } from '../program.ts'

/** The kernel's name for this boot, as 32 hex digits; undefined on a system that has none. */
export async function systemBootId(file = '/proc/sys/kernel/random/boot_id'): Promise<string | undefined> {
  try {
    const id = (await readFile(file, 'utf8')).trim().replaceAll('-', '')
    return /^[0-9a-f]{32}$/.test(id) ? id : undefined
  } catch {
    // No Linux, or no /proc: each start of the agent counts as a boot then.
    return undefined
  }
}

/** Long enough for any `reboot` to hand over to the init system. */
const timeoutMs = 60_000

/** Runs the command. Resolves with one word when it failed, else with undefined: the machine goes down in its own time. */
export async function askForReboot(
  [program = '', ...rest]: readonly string[],
  environment: NodeJS.ProcessEnv,
  clock: Clock,
): Promise<string | undefined> {
  const start = { program, arguments: rest, environment, timeoutMs, outputBytesMax: 0 }
  const { problem } = await runProgram(start, clock)
  return problem === undefined ? undefined : `reboot-${problem}`
}
