// drover trust: the document that says whose signatures devices believe. What follows another document is made, signed at
// several desks and looked at here; devices get it from the broker.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { open } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import {
  EnvelopeError,
  openEnvelope,
  parseTrustDocument,
  readTrustDocument,
  type TrustDocument,
  trustedKey,
} from '../../proto/envelope.ts'
import { trustDocumentBytesMax } from '../../proto/limits.ts'
import { epochOf } from '../../proto/trust.ts'
import { badFlag } from '../errors.ts'
import { readSmallFile, replaceFile } from '../files.ts'
import { readPrivateKey } from '../keys.ts'
import { addSignatures, nextTrust, type TrustDraft } from '../trust.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { passphraseOf } from './keys.ts'
import { timeOf } from './output.ts'
import { duration, each } from './values.ts'

const dayMs = 86_400_000
const pemBytesMax = 16 * 1024

interface RoleWish {
  readonly name: string
  readonly threshold: number
  readonly files: readonly string[]
}
interface SignOptions {
  readonly from: string
  readonly key: readonly string[]
  readonly passphraseFile?: string
  readonly out: string
}
interface NextOptions extends SignOptions {
  readonly role?: readonly RoleWish[]
  readonly newEpoch?: true
  readonly trustExpires: number
}

export function addTrustCommands(program: Command, finish: Finish): void {
  const trust = program.command('trust').description('whose signatures devices believe, and who will be believed next')
  const common = (command: Command): Command =>
    command
      .requiredOption('--from <file>', 'the document that devices have')
      .requiredOption('--key <file>', 'root key of the old or the new document; several', each(String))
      .option('--passphrase-file <file>', 'first line opens the keys (env DROVER_PASSPHRASE_FILE)')
      .requiredOption('--out <file>', 'the document; replaced when it is there')
  const next = common(
    trust
      .command('next')
      .description('make the document that follows one: other keys, another root, a new epoch')
      .option('--role <who>', 'NAME=THRESHOLD:FILE,FILE with the keys of a role from now on; several', each(roleWish))
      .option('--new-epoch', 'versions and counters devices have seen hold nothing back any more: after a theft')
      .option(
        '--trust-expires <time>',
        'how long the document is valid (default 3650d)',
        duration(dayMs, 36_500 * dayMs),
        3650 * dayMs,
      ),
  )
  finish(next, { run: (context, call) => runNext(context, call.options as unknown as NextOptions) })
  const sign = common(
    trust.command('sign').argument('<draft>', 'file made by trust next').description('add signatures at another desk'),
  )
  finish(sign, {
    run: (context, call) => runSign(context, call.args[0] ?? '', call.options as unknown as SignOptions),
  })
  const show = trust
    .command('show')
    .argument('<file>', 'a trust document, complete or not')
    .description('what a document says')
  finish(show, {
    async run(context, call) {
      const file = call.args[0] ?? ''
      const bytes = await readSmallFile(file, '<file>', trustDocumentBytesMax)
      tell(context, shown(bytes, '<file>'), isComplete(bytes) ? [] : ['not signed by its own root'])
    },
  })
}

async function runNext(context: CliContext, options: NextOptions): Promise<void> {
  const roles = new Map<string, { readonly publicKeys: readonly KeyObject[]; readonly threshold: number }>()
  for (const { name, threshold, files } of options.role ?? []) {
    if (roles.has(name)) throw badFlag('--role', `${name} is given twice`)
    roles.set(name, { threshold, publicKeys: await Promise.all(files.map(publicKeyIn)) })
  }
  const previous = await readSmallFile(options.from, '--from', trustDocumentBytesMax)
  const expiresAt = context.world.clock.now() + options.trustExpires
  const changes = { expiresAt, roles, newEpoch: options.newEpoch === true }
  await kept(context, options.out, nextTrust(previous, changes, await signersOf(context, options)))
}

async function runSign(context: CliContext, file: string, options: SignOptions): Promise<void> {
  const previous = await readSmallFile(options.from, '--from', trustDocumentBytesMax)
  const draft = await readSmallFile(file, '<draft>', trustDocumentBytesMax)
  await kept(context, options.out, addSignatures(previous, draft, await signersOf(context, options)))
}

async function signersOf(context: CliContext, { key, passphraseFile }: SignOptions): Promise<readonly KeyObject[]> {
  const passphrase = await passphraseOf(context, passphraseFile)
  return Promise.all(key.map(path => readPrivateKey(path, '--key', passphrase)))
}

async function kept(context: CliContext, out: string, { bytes, document, missing }: TrustDraft): Promise<void> {
  await replaceFile(out, '--out', async temporary => {
    const file = await open(temporary, 'wx', 0o644)
    await file
      .writeFile(bytes)
      .then(() => file.sync())
      .finally(() => file.close())
  })
  tell(context, document, missing)
}

function tell({ out }: CliContext, document: TrustDocument, missing: readonly string[]): void {
  const { version, roles, operationTypes } = document
  const expiresAt = new Date(document.expiresAt).toISOString()
  const epoch = epochOf(document)
  const types = (name: string): string =>
    [...operationTypes]
      .filter(([, role]) => role === name)
      .map(([type]) => type)
      .join(' ')
  out.item(
    {
      ...{ object: 'trust', version, expiresAt, releaseEpoch: epoch, missing },
      roles: [...roles.values()].map(role => ({
        ...role,
        operationTypes: types(role.name).split(' ').filter(Boolean),
      })),
    },
    [
      ['version', `${version}, until ${timeOf(expiresAt)}${epoch === 0 ? '' : `, epoch ${epoch}`}`],
      ...[...roles.values()].map(
        ({ name, threshold, keyIds }) =>
          [name, `${threshold} of ${keyIds.length}: ${keyIds.join(' ')}  ${types(name)}`.trim()] as [string, string],
      ),
      ...missing.map(sentence => ['missing', sentence] as [string, string]),
    ],
  )
  const hint =
    missing.length === 0
      ? 'Complete: put it into trust/ of the broker and start the broker anew.'
      : 'Not complete: devices would refuse it. See drover trust sign.'
  out.line(hint, 'quiet')
}

function shown(bytes: Uint8Array, flag: string): TrustDocument {
  try {
    return readTrustDocument(openEnvelope(bytes).payload)
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause
    throw badFlag(flag, `is no trust document (${cause.reason})`, cause)
  }
}

function isComplete(bytes: Uint8Array): boolean {
  try {
    parseTrustDocument(bytes)
    return true
  } catch (error) {
    if (error instanceof EnvelopeError) return false
    throw error
  }
}

/** Of a private key its public half: people have one file for a key more often than two. */
async function publicKeyIn(path: string): Promise<KeyObject> {
  const pem = await readSmallFile(path, '--role', pemBytesMax)
  try {
    const key = createPublicKey(pem)
    trustedKey(key)
    return key
  } catch (cause) {
    throw badFlag('--role', `${path} holds no Ed25519 or P-256 key in PEM form, or one with a passphrase`, cause)
  }
}

function roleWish(text: string): RoleWish {
  const [, name = '', threshold = '', files = ''] = /^([a-z][a-z0-9-]{0,31})=(\d{1,2}):(.+)$/.exec(text) ?? []
  if (files === '') throw new InvalidArgumentError('Expected NAME=THRESHOLD:FILE,FILE like release=1:release.pem.')
  return { name, threshold: Number(threshold), files: files.split(',') }
}
