// Which branches of the compiled files processes have been through, from what V8 writes at their ends into NODE_V8_COVERAGE:
// one file a process or thread. A branch is a block that V8 counts: a function, and each part of it that runs another number
// of times than what is around it. Of a function that never ran V8 knows the whole alone: it is one branch, not taken.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface FileCoverage {
  /** From the compiled root or node_modules: `proto/codec.js`. */
  readonly file: string
  readonly branches: number
  readonly taken: number
  /** Lines (from 1) of the compiled file on which a branch begins that nobody took. */
  readonly untakenLines: readonly number[]
}

interface Block {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}
interface Script {
  readonly url: string
  readonly functions: readonly { readonly ranges: readonly Block[] }[]
}

/** Of those files that end with one of `names`, in that order: taken is what one of the processes took. */
export async function coverageOf(folder: string, names: readonly string[]): Promise<readonly FileCoverage[]> {
  const found = new Map<string, { readonly url: string; readonly functions: Map<string, (readonly Block[])[]> }>()
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { readonly result: readonly Script[] }
    for (const { url, functions } of result) {
      const file = names.find(ending => url.endsWith(`/${ending}`))
      if (file === undefined) continue
      const known = found.get(file) ?? { url, functions: new Map<string, (readonly Block[])[]>() }
      found.set(file, known)
      for (const { ranges } of functions) {
        // The first is the function as a whole; functions inside it are told apart from it.
        const whole = ranges[0] === undefined ? '' : keyOf(ranges[0])
        known.functions.set(whole, [...(known.functions.get(whole) ?? []), ranges])
      }
    }
  }
  return Promise.all(
    names.flatMap(file => {
      const known = found.get(file)
      return known === undefined ? [] : [summed(file, known.url, [...known.functions.values()].flatMap(merged))]
    }),
  )
}

/** One function as several processes ran it. A block that one of them does not tell apart ran as often as what is around it. */
function merged(runs: readonly (readonly Block[])[]): readonly Block[] {
  const blocks = new Map(runs.flat().map(block => [keyOf(block), block]))
  return [...blocks.values()].map(block => {
    const counts = runs.map(ranges => {
      const around = ranges.filter(each => each.startOffset <= block.startOffset && each.endOffset >= block.endOffset)
      return around.sort((one, other) => one.endOffset - one.startOffset - (other.endOffset - other.startOffset))[0]
        ?.count
    })
    return { ...block, count: Math.max(...counts.map(count => count ?? 0)) }
  })
}

function keyOf({ startOffset, endOffset }: Block): string {
  return `${startOffset}-${endOffset}`
}

async function summed(file: string, url: string, blocks: readonly Block[]): Promise<FileCoverage> {
  const untaken = blocks.filter(({ count }) => count === 0)
  const text = await readFile(new URL(url), 'utf8').catch(() => '')
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length
  const untakenLines = [...new Set(untaken.map(({ startOffset }) => lineOf(startOffset)))].sort((a, b) => a - b)
  return { file, branches: blocks.length, taken: blocks.length - untaken.length, untakenLines }
}
