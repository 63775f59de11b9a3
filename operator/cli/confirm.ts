// Before something that cannot be taken back: a person is asked, a script has to say so.
import { BadInput } from '../errors.ts'
import type { CliContext } from './context.ts'

/** Throws BadInput unless `--yes` was given or a person at a terminal has said yes to `question`. */
export async function confirmed({ world, out }: CliContext, yes: boolean | undefined, question: string): Promise<void> {
  if (yes === true) return
  if (world.ask === undefined || out.json) {
    const message = 'this cannot be taken back: confirm it with --yes'
    throw new BadInput('NOT_CONFIRMED', message, { fields: [{ name: '--yes', message }] })
  }
  const answer = await world.ask(`${question} Type yes: `)
  if (answer.trim().toLowerCase() !== 'yes') throw new BadInput('NOT_CONFIRMED', 'not confirmed, nothing was done')
}
