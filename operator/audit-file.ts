// Reads an exported audit file through the verifier, in pieces: the file may be larger than memory.
import { createReadStream } from 'node:fs'
import { type AuditVerdict, AuditVerifier } from '../proto/audit.ts'
import { badFlag } from './errors.ts'
import { isSystemError, reasonOf } from './files.ts'

/** Throws BadInput (`<file>`) when the file cannot be read. */
export async function verifyAuditFile(path: string): Promise<AuditVerdict> {
  const verifier = new AuditVerifier()
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  try {
    for await (const piece of file) {
      verifier.addBytes(piece as Buffer)
      if (verifier.broken) break
    }
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw badFlag('<file>', `cannot read ${path} (${reasonOf(cause)})`, cause)
  }
  return verifier.finish()
}
