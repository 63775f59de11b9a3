// drover keys: the keys that sign, and the trust document that devices are provisioned with.
import type { Command } from 'commander'
import type { SignatureAlgorithm } from '../../proto/envelope.ts'
import { createKeyFolder } from '../keys.ts'
import type { Finish } from './command.ts'
import { addKeysShow } from './keys-show.ts'
import { timeOf } from './output.ts'
import { passphraseOf } from './passphrase.ts'
import { duration, word } from './values.ts'

const dayMs = 86_400_000
const algorithms: Readonly<Record<'ed25519' | 'p256', SignatureAlgorithm>> = {
  ed25519: 'ed25519',
  p256: 'ecdsa-p256-sha256',
}

interface CreateOptions {
  readonly out: string
  readonly algorithm: 'ed25519' | 'p256'
  readonly passphraseFile?: string
  readonly trustExpires: number
}

export function addKeyCommands(program: Command, finish: Finish): void {
  const keys = program
    .command('keys')
    .description('signing keys; they stay with you, but for operations.pem, which the broker signs with')
  const create = keys
    .command('create')
    .description(
      'make root.pem, release.pem, operations.pem (mode 0600, never overwritten) and trust.bin, signed by the root',
    )
    .requiredOption('--out <dir>', 'directory for the four files; made if it is not there')
    .option('--algorithm <name>', 'ed25519 or p256', word(['ed25519', 'p256']), 'ed25519' as const)
    .option(
      '--passphrase-file <file>',
      'encrypt root and release key with the first line of this file (env DROVER_PASSPHRASE_FILE)',
    )
    .option(
      '--trust-expires <time>',
      'how long the trust document is valid (default 3650d)',
      duration(dayMs, 36_500 * dayMs),
      3650 * dayMs,
    )
  finish(create, {
    run: async (context, call) => {
      const options = call.options as unknown as CreateOptions
      const passphrase = await passphraseOf(context, options.passphraseFile)
      const made = await createKeyFolder({
        folder: options.out,
        algorithm: algorithms[options.algorithm],
        trustExpiresAt: context.world.clock.now() + options.trustExpires,
        ...(passphrase === undefined ? {} : { passphrase }),
      })
      const expires = new Date(made.trust.expiresAt).toISOString()
      context.out.item(
        {
          object: 'keys',
          root: made.root,
          release: made.release,
          operations: made.operations,
          trust: { ...made.trust, expiresAt: expires },
        },
        [
          ['root key', `${made.root.path}  ${made.root.keyId}`],
          ['release key', `${made.release.path}  ${made.release.keyId}`],
          ['operations key', `${made.operations.path}  ${made.operations.keyId}`],
          ['trust document', `${made.trust.path}  version ${made.trust.version}, until ${timeOf(expires)}`],
        ],
      )
      context.out.line(
        'Provision devices with the trust document; sign with the release key; give the operations key to the broker; ' +
          'put the root key into a safe.',
        'quiet',
      )
    },
  })
  addKeysShow(keys, finish)
}
