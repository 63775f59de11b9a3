// Lists that may be long: how much of one is wanted, how it is shown, and how to get at the rest.
import { type Command, Option } from 'commander'
import { gather, type Listed, type Page, pagesOf } from '../gather.ts'
import type { CliContext } from './context.ts'
import type { Column } from './table.ts'
import { whole } from './values.ts'

export interface PagingOptions {
  readonly limit: number
  readonly after?: string
  readonly all?: boolean
}
export interface List<T extends object> {
  readonly pageOf: (page: Page) => Promise<Listed<T>>
  readonly keyOf: (item: T) => string
  readonly columns: readonly Column<T>[]
  /** Tells a person what to do next. */
  readonly whenEmpty: string
}

export function addPaging(command: Command): Command {
  return command
    .option('--limit <n>', 'most items (default 50)', whole(1, 1_000_000), 50)
    .addOption(new Option('--all', 'all of them, however many pages it takes').conflicts('limit'))
    .option('--after <id>', 'begin behind this one')
}

/** A program reads a page while the next one is fetched; a person gets one table. */
export async function showList<T extends object>(
  { out }: CliContext,
  { limit, after, all }: PagingOptions,
  { pageOf, keyOf, columns, whenEmpty }: List<T>,
): Promise<void> {
  const most = all === true ? Number.POSITIVE_INFINITY : limit
  if (out.json) {
    for await (const { items } of pagesOf(most, after, keyOf, pageOf)) for (const item of items) await out.flushed(item)
    return
  }
  const found = await gather(most, after, keyOf, pageOf)
  out.items(found.items, columns, found.hasMore ? 'Nothing found so far.' : whenEmpty)
  if (found.next !== undefined)
    out.hint(
      `There ${found.items.length === 0 ? 'may be' : 'are'} more: --after ${found.next}, a higher --limit, or --all.`,
    )
}
