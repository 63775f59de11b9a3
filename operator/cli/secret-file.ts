// Where a secret goes that the broker shows once: into a file of its own, readable by its owner only.
import { open, unlink } from 'node:fs/promises'
import { badFlag } from '../errors.ts'
import { reasonOf } from '../files.ts'

/**
 * Makes the file first, then asks for the secret: one that cannot be written down would be lost, because the broker
 * shows it once. Without a path only asks. Throws BadInput naming `flag`, and what `ask` throws.
 */
export async function withSecretFile<T extends { readonly text: string }>(
  flag: string,
  path: string | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  if (path === undefined) return ask()
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw badFlag(
      flag,
      exists ? `${path} exists and is never overwritten` : `cannot write ${path} (${reasonOf(cause)})`,
      cause,
    )
  })
  let written = false
  try {
    const answer = await ask()
    await file.writeFile(answer.text)
    await file.sync()
    written = true
    return answer
  } finally {
    await file.close()
    if (!written) await unlink(path)
  }
}
