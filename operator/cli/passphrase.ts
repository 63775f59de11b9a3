// Where the passphrase of key files comes from: a file, never the command line, which others on the machine can see.
import { badFlag } from '../errors.ts'
import { readSmallFile } from '../files.ts'
import type { CliContext } from './context.ts'

/** The first line of the file, or of the one in DROVER_PASSPHRASE_FILE; undefined when neither is named. */
export async function passphraseOf(context: CliContext, file: string | undefined): Promise<string | undefined> {
  const named = file ?? context.world.env.DROVER_PASSPHRASE_FILE
  if (!named) return undefined
  const flag = file === undefined ? 'DROVER_PASSPHRASE_FILE' : '--passphrase-file'
  const [passphrase = ''] = (await readSmallFile(named, flag, 4096)).toString().split(/\r?\n/)
  if (passphrase === '') throw badFlag(flag, `${named} has no passphrase in its first line`)
  return passphrase
}
