// Lists that may be long: how much of one is wanted, and how to get at the rest.
import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { whole } from './values.ts'

export interface PagingOptions {
  readonly limit: number
  readonly after?: string
}

export function addPaging(command: Command): Command {
  return command
    .option('--limit <n>', 'most items (default 50)', whole(1, 1_000_000), 50)
    .option('--after <id>', 'begin behind this one')
}

export function tellMore<T>(
  { out }: CliContext,
  { items, hasMore }: { readonly items: readonly T[]; readonly hasMore: boolean },
  keyOf: (item: T) => string,
): void {
  const last = items.at(-1)
  if (hasMore && last !== undefined && !out.json)
    out.hint(`There are more: --after ${keyOf(last)}, or a higher --limit.`)
}
