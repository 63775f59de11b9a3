// What the doctor looks at on the device itself: folder, room, clock, programs, and whether an agent runs already.
import { constants } from 'node:fs'
import { access, mkdtemp, open, readdir, rmdir, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { systemDisk } from '../adapters/system-disk.ts'
import { systemBootId } from '../adapters/system-reboot.ts'
import { bootLockName } from '../booting/boot-lock.ts'
import { endOf } from '../process-facts.ts'
import type { AgentConfig } from '../settings/config.ts'
import { readStatus } from '../status.ts'
import type { Check, Finding } from './doctor.ts'
import { sizeText, timeText } from './print.ts'

const mebibyte = 1024 * 1024
/** Journal, records and the small files beside them; images come on top. */
const spaceLeastBytes = 4 * mebibyte
const spaceWishedBytes = 32 * mebibyte
/** Before this program was written. */
const clockLeastMs = Date.UTC(2026, 0, 1)
const clockMostMs = Date.UTC(2100, 0, 1)

export const checkDataFolder: Check = async ({ config: { dataDir } }) => {
  const check = 'data folder'
  try {
    const found = await stat(dataDir)
    if (!found.isDirectory())
      return [{ check, level: 'fail', text: `${dataDir} is no folder`, remedy: 'name a folder in dataDir' }]
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      return [{ check, level: 'fail', text: `${dataDir}: ${codeOf(error)}`, remedy: 'give the agent access to it' }]
    const parent = dirname(dataDir)
    return (await may(parent, constants.W_OK | constants.X_OK))
      ? [{ check, level: 'ok', text: `${dataDir} is not there yet; the first start makes it` }]
      : [
          {
            check,
            level: 'fail',
            text: `${dataDir} is not there`,
            remedy: `make it, or let the agent write to ${parent}`,
          },
        ]
  }
  try {
    // Nothing says it as well as doing it: a file system may be read-only whoever asks.
    await rmdir(await mkdtemp(join(dataDir, '.doctor-')))
    return [{ check, level: 'ok', text: `${dataDir} can be written` }]
  } catch (error) {
    const remedy = 'mount it writable, and give it to the user the agent runs as'
    return [{ check, level: 'fail', text: `${dataDir} cannot be written: ${codeOf(error)}`, remedy }]
  }
}

export const checkSpace: Check = async ({ config: { dataDir, storageBytesMax } }) => {
  const folder = await nearestFolder(dataDir)
  const free = await systemDisk.freeBytes(folder)
  const quota = storageBytesMax === undefined ? '' : `; images may take ${sizeText(storageBytesMax)} (storageBytesMax)`
  const text = `${sizeText(free)} free at ${folder}${quota}`
  if (free >= spaceWishedBytes) return [{ check: 'space', level: 'ok', text }]
  const remedy = 'make room: an update needs the image beside the one that runs, or it ends with UPD4_FAIL_33'
  return [{ check: 'space', level: free < spaceLeastBytes ? 'fail' : 'warn', text, remedy }]
}

export const checkClock: Check = async ({ request: { clock } }) => {
  const now = clock.wallMs()
  const text = `the clock says ${timeText(now)}`
  if (now >= clockLeastMs && now < clockMostMs) return [{ check: 'clock', level: 'ok', text }]
  const remedy = 'set it (NTP): what is signed expires by this clock, and offers end with UPD4_FAIL_23'
  return [{ check: 'clock', level: 'fail', text, remedy }]
}

export const checkPrograms: Check = async ({ config, request: { environment } }) => {
  const findings: Finding[] = []
  for (const [setting, program] of programsOf(config)) {
    const problem = await programProblem(program, environment.PATH)
    findings.push(
      problem === undefined
        ? { check: 'program', level: 'ok', text: `${setting}: ${program}` }
        : {
            check: 'program',
            level: 'fail',
            text: `${setting}: ${program}: ${problem}`,
            remedy: 'install it, make it executable, or take the setting out',
          },
    )
  }
  for (const [setting, folder] of foldersOf(config)) {
    try {
      const names = await executables(folder)
      const text = `${setting}: ${folder} has ${names.length === 0 ? 'no program' : names.join(', ')}`
      const none = { level: 'warn', remedy: 'put programs there (mode 0755), or take the setting out' } as const
      findings.push({ check: 'program', text, ...(names.length === 0 ? none : { level: 'ok' }) })
    } catch (error) {
      const text = `${setting}: ${folder}: ${codeOf(error)}`
      findings.push({ check: 'program', level: 'fail', text, remedy: 'make the folder, or take the setting out' })
    }
  }
  return findings
}

export const checkAgent: Check = async ({ config: { dataDir } }) => {
  const check = 'agent'
  const running = await isBootRunning(dataDir)
  try {
    const status = await readStatus(dataDir)
    if (status === undefined)
      return [
        { check, level: 'ok', text: running ? 'it runs, and has written no status yet' : 'none runs, none ever did' },
      ]
    const end = await endOf(status, await systemBootId())
    if (end === undefined) return [{ check, level: 'ok', text: `it runs as process ${status.pid}: ${status.step}` }]
    if (running) {
      const remedy = 'give it a moment, then look at its log: the image does not start the agent, or it ends at once'
      return [{ check, level: 'warn', text: `drover-agent runs, the agent within does not: ${end}`, remedy }]
    }
    if (status.stoppedAt !== undefined) return [{ check, level: 'ok', text: `none runs: ${end}` }]
    return [{ check, level: 'warn', text: `none runs: ${end}`, remedy: 'look at its log, then start drover-agent' }]
  } catch (error) {
    const remedy = 'the next start of the agent writes it anew'
    return [{ check, level: 'warn', text: (error as Error).message, remedy }]
  }
}

/** Programs the configuration names, with the setting that does. */
function programsOf(config: AgentConfig): readonly (readonly [setting: string, program: string])[] {
  const given: (readonly [string, readonly string[] | undefined])[] = [
    ['health.command', config.health?.command],
    ['configuration.check', config.configuration?.check],
    ['reboot.command', config.rebootCommand],
    ...config.components.flatMap(({ name, installer }): (readonly [string, readonly string[] | undefined])[] => {
      if (installer.kind === 'file') return [[`components ${name} reload`, installer.reload]]
      if (installer.kind !== 'partitions') return []
      const { read, write } = installer.bootloader
      return [
        [`components ${name} bootloader.read`, read],
        [`components ${name} bootloader.write`, write],
      ]
    }),
  ]
  return given.flatMap(([setting, command]) => (command?.[0] === undefined ? [] : [[setting, command[0]] as const]))
}

function foldersOf(config: AgentConfig): readonly (readonly [setting: string, folder: string])[] {
  return [
    ...(config.commands === undefined ? [] : [['commands.folder', config.commands.folder] as const]),
    ...(config.authorization === undefined ? [] : [['authorization.folder', config.authorization.folder] as const]),
    ...config.components.flatMap(({ name, installer }) =>
      installer.kind === 'hooks' ? [[`components ${name} folder`, installer.folder] as const] : [],
    ),
  ]
}

/** Undefined when it can be executed. A name without a separator is looked for in PATH, as when it is started. */
async function programProblem(program: string, path = ''): Promise<string | undefined> {
  const places = program.includes('/') ? [program] : path.split(delimiter).map(folder => join(folder, program))
  let problem = 'not found in PATH'
  for (const place of places) {
    try {
      if (!(await stat(place)).isFile()) problem = 'no file'
      else if (await may(place, constants.X_OK)) return undefined
      else problem = 'not executable'
    } catch (error) {
      if (program.includes('/')) problem = codeOf(error) === 'ENOENT' ? 'not found' : codeOf(error)
    }
  }
  return problem
}

async function executables(folder: string): Promise<readonly string[]> {
  const names: string[] = []
  for (const name of (await readdir(folder)).sort())
    if ((await programProblem(join(folder, name))) === undefined) names.push(name)
  return names
}

/** The parent of the agent holds an abstract socket for as long as it lives (Linux; elsewhere nobody can say). */
async function isBootRunning(dataDir: string): Promise<boolean> {
  const name = await bootLockName(dataDir)
  if (name === undefined) return false
  return new Promise(resolve => {
    const socket = connect(name)
    const settle = (running: boolean): void => {
      socket.destroy()
      resolve(running)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (await may(folder, constants.F_OK)) return folder
    if (dirname(folder) === folder) return folder
  }
}

async function may(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode)
    return true
  } catch {
    // Whatever hinders it: it may not.
    return false
  }
}

/** The file can be read now. Throws the system's error. */
export async function mustBeReadable(path: string): Promise<void> {
  await (await open(path, 'r')).close()
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
