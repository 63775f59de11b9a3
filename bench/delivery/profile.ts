// `--profile FOLDER`: V8's profiler in the processes that answer, and which functions of their profiles took most time.
import { writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector'
import { basename, join } from 'node:path'

const rows = 20
/** Time that nobody took, and that of the profiler itself. */
const untold: ReadonlySet<string> = new Set(['(idle)', 'dispatch'])

/**
 * From now on until this process ends, in the process that answers; the profile is written then. Opening and connecting
 * should be over: they would be most of it.
 */
export function profileInto({ folder, name }: { readonly folder: string; readonly name: string }): void {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.start')
  // Answered before `post` returns, because the session is of this very thread.
  process.once('exit', () =>
    session.post('Profiler.stop', (_, { profile }) =>
      writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile)),
    ),
  )
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
}

/** Writes `top-rows.txt` beside the profiles: of each, the functions with most time of their own, idle time left out. */
export async function writeTopRows(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter(file => file.endsWith('.cpuprofile')).sort()
  const texts: string[] = []
  for (const file of files) {
    const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile
    texts.push(`${basename(file, '.cpuprofile')}\n${topRows(profile).join('\n')}\n`)
  }
  const path = join(folder, 'top-rows.txt')
  await writeFile(path, texts.join('\n'))
  return path
}

/** `38.4 %  name  place`, the longest first. */
function topRows({ nodes, samples, timeDeltas }: Profile): readonly string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  let whole = 0
  for (const [index, sample] of samples.entries()) {
    const name = names.get(sample) ?? '?'
    if (untold.has(name)) continue
    const took = timeDeltas[index] ?? 0
    whole += took
    times.set(name, (times.get(name) ?? 0) + took)
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, rows)
    .map(([name, took]) => `${((took / whole) * 100).toFixed(1).padStart(6)} %  ${name}`)
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const place = url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(?=(broker|proto|bench)\/)/, '')
  return `${name}  ${place}:${lineNumber + 1}`
}
