// Mutants of valid messages through the readers themselves, in this process: thousands a second, of every kind that a device
// or a broker reads. Half of the mutants are bytes that were changed, half are messages whose fields were, encoded again;
// where a signature would stop them at the door they are signed again (decoder-samples.ts).
//
// A reader may take a mutant, or refuse it in the words it is documented to have. Anything else is a problem.
import { nowMs } from '../clock.ts'
import { Seed } from '../world/seed.ts'
import { type Decoder, decoders } from './decoder-samples.ts'
import { bentMessage, mutated } from './mutants.ts'

export interface DecoderFindings {
  readonly name: string
  readonly mutants: number
  /** Mutants in which the reader found nothing: an edit may change nothing, or leave another good message. */
  readonly taken: number
  /** The longest of one mutant by the clock that was given, signing included; of three tries where one was long. */
  readonly longestMs: number
  /** Each with the bytes, so that it can be repeated; at most five. */
  readonly problems: readonly string[]
}

/** A reader that takes longer for a message is one to look at. */
const longMs = 50

/** `mutants` over all readers; the same seed, the same mutants. `clockMs`: what the time of one is taken by. */
export function* fuzzDecoders(mutants: number, seed: number, clockMs: () => number = nowMs): Iterable<DecoderFindings> {
  const chance = new Seed(`decoders ${seed}`)
  for (const decoder of decoders())
    yield fuzzed(decoder, Math.ceil(mutants / decoders().length), chance.fork(decoder.name), clockMs)
}

function fuzzed(decoder: Decoder, mutants: number, chance: Seed, clockMs: () => number): DecoderFindings {
  const problems = decoder.samples.flatMap(sample => {
    const said = verdict(decoder, sample)
    return said === 'taken' ? [] : [`${decoder.name}: a good message is ${said}: ${sample.toString('hex')}`]
  })
  let [taken, longestMs] = [0, 0]
  for (let done = 0; done < mutants && problems.length < 5; done += 1) {
    const sample = chance.pick(decoder.samples)
    const bytes =
      decoder.message !== undefined && chance.chance(0.5)
        ? bentMessage(decoder.message, sample, chance)
        : mutated(sample, decoder.samples, chance)
    let said = ''
    let leastMs = Number.POSITIVE_INFINITY
    // A collection of garbage may fall into one try.
    for (let tries = 0; tries < 3 && leastMs > longMs; tries += 1) {
      const startedMs = clockMs()
      said = verdict(decoder, bytes)
      leastMs = Math.min(leastMs, clockMs() - startedMs)
    }
    longestMs = Math.max(longestMs, leastMs)
    if (said === 'taken') taken += 1
    else if (said !== 'refused') problems.push(`${decoder.name}: ${said}: ${bytes.toString('hex').slice(0, 4000)}`)
  }
  return { name: decoder.name, mutants, taken, longestMs, problems }
}

function verdict({ read, refusals }: Decoder, bytes: Buffer): string {
  try {
    return read(bytes) ? 'taken' : 'refused'
  } catch (error) {
    if (error instanceof Error && refusals.includes(error.name)) return 'refused'
    return error instanceof Error ? `${error.stack}` : String(error)
  }
}
