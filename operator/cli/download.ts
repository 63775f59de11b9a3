// An answer of any length on its way to a file, which appears whole or not at all, or to standard output.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { ServerFailed } from '../errors.ts'
import { replaceFile } from '../files.ts'
import type { StreamAnswer } from '../transport.ts'
import type { CliContext } from './context.ts'

export interface SaveOptions {
  /** For what others should not read. */
  readonly mode?: number
}

/**
 * Without `path` the bytes go to standard output and nothing else does. `told` is what a program reads when they went into
 * a file. Throws BadInput (`--out`) for the file, ServerFailed when the answer is cut or is not what its digest says.
 */
export async function save(
  { out }: CliContext,
  answer: StreamAnswer,
  path: string | undefined,
  told: Readonly<Record<string, unknown>>,
  { mode = 0o644 }: SaveOptions = {},
): Promise<void> {
  const bytes = verified(answer)
  if (path === undefined) {
    for await (const piece of bytes) await out.raw(piece)
    return
  }
  let size = 0
  let begun = false
  try {
    await replaceFile(path, '--out', async temporary => {
      const file = await open(temporary, 'wx', mode)
      try {
        begun = true
        for await (const piece of bytes) {
          await file.writeFile(piece)
          size += piece.length
        }
        await file.sync()
      } finally {
        await file.close()
      }
    })
  } finally {
    if (!begun) await answer.cancel()
  }
  out.item({ ...told, path, bytes: size }, [['written', `${path}  ${size} bytes`]])
}

/** The same bytes; throws at their end when the answer named a digest that is not theirs. */
async function* verified({ headers, bytes }: StreamAnswer): AsyncGenerator<Uint8Array, void, undefined> {
  const [, expected] = /(?:^|,\s*)sha-256=:([A-Za-z0-9+/=]+):/.exec(headers.get('repr-digest') ?? '') ?? []
  const hash = createHash('sha256')
  for await (const piece of bytes) {
    hash.update(piece)
    yield piece
  }
  if (expected !== undefined && hash.digest('base64') !== expected)
    throw new ServerFailed('UNEXPECTED_ANSWER', 'the bytes are not those the broker named the digest of; try again')
}
