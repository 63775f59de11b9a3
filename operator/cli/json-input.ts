// JSON that an operator gives: in a file, or on the command line itself.
import { badFlag } from '../errors.ts'
import { readSmallFile } from '../files.ts'

export type JsonRecord = Readonly<Record<string, unknown>>

/** One JSON object. Throws BadInput naming `flag`. */
export async function readJsonFile(path: string, flag: string, bytesMax: number): Promise<JsonRecord> {
  const value = await readAnyJson(path, flag, bytesMax)
  if (isRecord(value)) return value
  throw badFlag(flag, `${path} holds ${kindOf(value)}, expected one JSON object`)
}

/** Any JSON. Throws BadInput naming `flag`. */
export async function readAnyJson(path: string, flag: string, bytesMax: number): Promise<unknown> {
  return parsed((await readSmallFile(path, flag, bytesMax)).toString(), path, flag)
}

/** One JSON object: the text itself when it begins with a brace, else the file of that name. Throws BadInput naming `flag`. */
export async function readJsonInput(text: string, flag: string, bytesMax: number): Promise<JsonRecord> {
  if (!text.trimStart().startsWith('{')) return readJsonFile(text, flag, bytesMax)
  if (Buffer.byteLength(text) > bytesMax) throw badFlag(flag, `expected at most ${bytesMax} bytes`)
  const value = parsed(text, 'the text', flag)
  if (isRecord(value)) return value
  throw badFlag(flag, 'expected one JSON object')
}

function parsed(text: string, where: string, flag: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badFlag(flag, `${where} is no JSON (${(cause as Error).message})`, cause)
  }
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`
}
