// The trust documents of the fleet, as files of one folder: root keys never come near the broker, so people put the signed
// documents there. The broker hands them on to devices that hold an older one; it could not make one.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EnvelopeError } from '../../proto/envelope.ts'
import { trustDocumentBytesMax } from '../../proto/limits.ts'
import { TrustChain } from '../../proto/trust.ts'
import { BrokerError } from '../errors.ts'

/** A file is no trust document, or does not follow the one before: devices would refuse it, so the broker does not start. */
export class TrustFilesUnusable extends BrokerError {
  override readonly name = 'TrustFilesUnusable'
  readonly code = 'TRUST_FILES_UNUSABLE'
  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(`trust documents in ${folder}: ${problem}`, options)
  }
}

const filesMax = 1000

/** All `*.bin` of the folder, whatever their names; an empty chain when there is no folder. Throws TrustFilesUnusable. */
export async function readTrustFiles(folder: string): Promise<TrustChain> {
  let names: readonly string[]
  try {
    names = (await readdir(folder)).filter(name => name.endsWith('.bin'))
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return TrustChain.of([])
    throw new TrustFilesUnusable(folder, `cannot be read (${code})`, { cause })
  }
  if (names.length > filesMax)
    throw new TrustFilesUnusable(folder, `${names.length} files, expected at most ${filesMax}`)
  const documents: Buffer[] = []
  for (const name of names) {
    const bytes = await readFile(join(folder, name)).catch(cause => {
      throw new TrustFilesUnusable(folder, `${name} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
        cause,
      })
    })
    if (bytes.length > trustDocumentBytesMax)
      throw new TrustFilesUnusable(
        folder,
        `${name} has ${bytes.length} bytes, expected at most ${trustDocumentBytesMax}`,
      )
    documents.push(bytes)
  }
  try {
    return TrustChain.of(documents)
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw new TrustFilesUnusable(folder, `they do not follow one another (${cause.reason})`, { cause })
  }
}
