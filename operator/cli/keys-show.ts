// drover keys show: the public half of a key, whoever holds the other. It is what a trust document is made of, so that a key
// that lives in a token or a cloud gets into one without ever having been a file.
import type { Command } from 'commander'
import { trustedKey } from '../../proto/envelope.ts'
import { badFlag } from '../errors.ts'
import { writeWhole } from '../files.ts'
import { readPublicKey } from '../keys.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { addSignerTimeout, programSigner, signerFlagText } from './signing-flags.ts'

interface ShowOptions {
  readonly key?: string
  readonly signer?: string
  readonly signerTimeout?: number
  readonly try?: true
  readonly out?: string
}

export function addKeysShow(keys: Command, finish: Finish): void {
  const show = keys
    .command('show')
    .description('the public half of a key, for trust documents; of a --signer, too')
    .option('--key <file>', 'a key file, private or public')
    .option('--signer <command>', signerFlagText.replace('; several, also beside --key', ''))
    .option('--try', 'have the --signer sign something that no device would take, and verify it')
    .option('--out <file>', 'the public key (PEM); replaced when it is there')
  addSignerTimeout(show)
  finish(show, { run: (context, { options }) => runShow(context, options as unknown as ShowOptions) })
}

async function runShow(context: CliContext, options: ShowOptions): Promise<void> {
  const { keyId, algorithm, publicKey } = await keyOf(context, options)
  const { out } = options
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  if (out !== undefined) await writeWhole(out, '--out', pem)
  const tried = options.try === true
  context.out.item(
    { object: 'key', keyId, algorithm, publicKey: pem, ...(out === undefined ? {} : { path: out }), tried },
    [
      ['key', keyId],
      ['algorithm', algorithm],
      ...(out === undefined ? [] : [['public key', out] as const]),
      ...(tried ? [['tried', 'its signature verifies'] as const] : []),
    ],
  )
  if (out === undefined) for (const line of pem.trimEnd().split('\n')) context.out.line(line)
}

async function keyOf(context: CliContext, options: ShowOptions): Promise<ReturnType<typeof trustedKey>> {
  const { key, signer } = options
  if ((key === undefined) === (signer === undefined)) throw badFlag('--key', 'expected either it or --signer')
  if (signer === undefined) {
    if (options.try === true) throw badFlag('--try', 'is for a --signer')
    return trustedKey(await readPublicKey(key ?? '', '--key'))
  }
  const program = await programSigner(context, signer, options)
  if (options.try === true) {
    // Statements begin with "drover-v1": whoever sees this signature can use it for nothing.
    const message = Buffer.concat([Buffer.from('drover-signer-test\0'), context.world.random.bytes(32)])
    await program.sign({ payloadType: 'test', message, summary: 'a test that no device would take' })
  }
  return program.key
}
