// Which branches of the compiled files a process has been through, from what V8 writes at its end into NODE_V8_COVERAGE.
// A branch is a block that V8 counts: a function, and each part of it that runs another number of times.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface FileCoverage {
  /** From the compiled root or node_modules: `proto/codec.js`. */
  readonly file: string
  readonly branches: number
  readonly taken: number
}

interface Script {
  readonly url: string
  readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[]
}

/** Of those files that end with one of `names`, in that order. */
export async function coverageOf(folder: string, names: readonly string[]): Promise<readonly FileCoverage[]> {
  const found = new Map<string, FileCoverage>()
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { readonly result: readonly Script[] }
    for (const { url, functions } of result) {
      const file = names.find(ending => url.endsWith(`/${ending}`))
      if (file === undefined) continue
      const ranges = functions.flatMap(each => each.ranges)
      const taken = ranges.filter(({ count }) => count > 0).length
      found.set(file, { file, branches: ranges.length, taken })
    }
  }
  return names.flatMap(name => found.get(name) ?? [])
}
