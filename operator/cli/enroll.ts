// drover devices enroll: MQTT passwords, one device after another. Each is told the moment it is issued, because the
// broker shows it once and the next one may fail. A device that cannot be enrolled keeps the others from nothing: the
// same line can be given again after a failure in the middle.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { OperatorClient } from '../client.ts'
import { BadInput, badFlag, type FieldProblem, type OperatorError, Refused } from '../errors.ts'
import { reasonOf } from '../files.ts'
import type { CliContext } from './context.ts'
import { withSecretFile } from './secret-file.ts'

export interface EnrollOptions {
  /** File for the one password. */
  readonly out?: string
  /** Folder for a file a device, named by its id. */
  readonly outDir?: string
}

/** Throws BadInput and Refused, and at the first failure that the next device would meet too what the client throws. */
export async function enroll(context: CliContext, ids: readonly string[], options: EnrollOptions): Promise<void> {
  const { out, outDir } = options
  if (new Set(ids).size < ids.length) throw badFlag('<id>', 'expected each device once')
  if (out !== undefined && outDir !== undefined) throw badFlag('--out', 'give either it or --out-dir')
  if (out !== undefined && ids.length > 1)
    throw badFlag('--out', `holds one password, and there are ${ids.length} devices; take --out-dir`)
  const client = await context.client()
  if (outDir !== undefined) await makeFolder(outDir)
  const left: OperatorError[] = []
  for (const id of ids)
    try {
      await enrollOne(context, client, id, options)
    } catch (error) {
      if (ids.length === 1 || !isOfThisDevice(error)) throw error
      left.push(error)
    }
  if (left.length > 0) throw notEnrolled(ids.length, left)
}

async function enrollOne(
  context: CliContext,
  client: OperatorClient,
  id: string,
  { out, outDir }: EnrollOptions,
): Promise<void> {
  const flag = outDir === undefined ? '--out' : '--out-dir'
  const path = outDir === undefined ? out : join(outDir, id)
  const { device, secret } = await withSecretFile(flag, path, async () => {
    const answer = await client.enrollDevice(id)
    return { ...answer, text: `${answer.secret}\n` }
  })
  if (path === undefined)
    context.out.item({ object: 'enrolled-device', device, secret }, [
      ['device', device],
      ['MQTT password', secret],
    ])
  else
    context.out.item({ object: 'enrolled-device', device, path }, [
      ['device', device],
      ['MQTT password in', path],
    ])
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw badFlag('--out-dir', `cannot make ${path} (${reasonOf(cause)})`, cause)
  }
}

/** Enrolled before, or its file is there: nothing that stands in the way of the others. */
function isOfThisDevice(error: unknown): error is OperatorError {
  if (error instanceof Refused) return error.code === 'CONFLICT'
  return error instanceof BadInput && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EEXIST'
}

function notEnrolled(count: number, left: readonly OperatorError[]): OperatorError {
  const fields: readonly FieldProblem[] = left.map(({ message }) => ({ name: '<id>', message }))
  const message = `${left.length} of ${count} devices were not enrolled now, the others were`
  if (left.some(error => error instanceof Refused)) return new Refused('CONFLICT', message, { fields })
  return new BadInput('BAD_INPUT', message, { fields })
}
