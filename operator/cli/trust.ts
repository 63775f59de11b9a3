// drover trust: the document that says whose signatures devices believe. What follows another document is made, signed at
// several desks and looked at here; devices get it from the broker.
import { type Command, InvalidArgumentError } from 'commander'
import { EnvelopeError, openEnvelope, parseTrustDocument, type TrustDocument } from '../../proto/envelope.ts'
import { trustDocumentBytesMax } from '../../proto/limits.ts'
import { epochOf } from '../../proto/trust.ts'
import { badFlag } from '../errors.ts'
import { readSmallFile, writeWhole } from '../files.ts'
import type { RoleKeys } from '../first-trust.ts'
import { readPublicKey } from '../keys.ts'
import type { Signer } from '../signer.ts'
import { addSignatures, firstTrust, nextTrust, readStatement, type TrustDraft } from '../trust.ts'
import type { Finish } from './command.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { addSigningFlags, type SigningOptions, someSigners } from './signing-flags.ts'
import { duration, each } from './values.ts'

const dayMs = 86_400_000
const rootKeyText = 'root key of the old or the new document; several'

interface RoleWish {
  readonly name: string
  readonly threshold: number
  readonly files: readonly string[]
}
interface SignOptions extends SigningOptions {
  readonly from?: string
  readonly out: string
}
interface NextOptions extends SignOptions {
  readonly from: string
  readonly role?: readonly RoleWish[]
  readonly newEpoch?: true
  readonly trustExpires: number
}
type CreateOptions = Omit<NextOptions, 'from' | 'newEpoch'>

export function addTrustCommands(program: Command, finish: Finish): void {
  const trust = program.command('trust').description('whose signatures devices believe, and who will be believed next')
  const signed = (command: Command, keyText: string): Command =>
    addSigningFlags(command, keyText).requiredOption('--out <file>', 'the document; replaced when it is there')
  const made = (command: Command): Command =>
    command
      .option(
        '--role <who>',
        'NAME=THRESHOLD:FILE,FILE with the keys of a role, public or private; several',
        each(roleWish),
      )
      .option(
        '--trust-expires <time>',
        'how long the document is valid (default 3650d)',
        duration(dayMs, 36_500 * dayMs),
        3650 * dayMs,
      )
  const create = signed(
    made(trust.command('create').description('make the first document of a fleet, from public keys')),
    'root key; several',
  )
  finish(create, { run: (context, call) => runCreate(context, call.options as unknown as CreateOptions) })
  const next = signed(
    made(trust.command('next').description('make the document that follows one: other keys, another root, a new epoch'))
      .option('--new-epoch', 'versions and counters devices have seen hold nothing back any more: after a theft')
      .requiredOption('--from <file>', 'the document that devices have'),
    rootKeyText,
  )
  finish(next, { run: (context, call) => runNext(context, call.options as unknown as NextOptions) })
  const sign = signed(
    trust
      .command('sign')
      .argument('<draft>', 'file made by trust create or trust next')
      .description('add signatures at another desk')
      .option('--from <file>', 'the document that devices have; not for a first one'),
    rootKeyText,
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

async function runCreate(context: CliContext, options: CreateOptions): Promise<void> {
  const roles = await rolesOf(options.role)
  const expiresAt = context.world.clock.now() + options.trustExpires
  await kept(context, options.out, await firstTrust({ expiresAt, roles }, await rootsOf(context, options)))
}

async function runNext(context: CliContext, options: NextOptions): Promise<void> {
  const roles = await rolesOf(options.role)
  const previous = await readSmallFile(options.from, '--from', trustDocumentBytesMax)
  const expiresAt = context.world.clock.now() + options.trustExpires
  const changes = { expiresAt, roles, newEpoch: options.newEpoch === true }
  await kept(context, options.out, await nextTrust(previous, changes, await rootsOf(context, options)))
}

async function runSign(context: CliContext, file: string, options: SignOptions): Promise<void> {
  const { from } = options
  const previous = from === undefined ? undefined : await readSmallFile(from, '--from', trustDocumentBytesMax)
  const draft = await readSmallFile(file, '<draft>', trustDocumentBytesMax)
  await kept(context, options.out, await addSignatures(previous, draft, await rootsOf(context, options)))
}

function rootsOf(context: CliContext, options: SigningOptions): Promise<readonly Signer[]> {
  return someSigners(context, options, 'expected a root key, or --signer for one that is no file')
}

async function rolesOf(wishes: readonly RoleWish[] = []): Promise<ReadonlyMap<string, RoleKeys>> {
  const roles = new Map<string, RoleKeys>()
  for (const { name, threshold, files } of wishes) {
    if (roles.has(name)) throw badFlag('--role', `${name} is given twice`)
    const publicKeys = await Promise.all(files.map(path => readPublicKey(path, '--role')))
    roles.set(name, { threshold, publicKeys })
  }
  return roles
}

async function kept(context: CliContext, out: string, { bytes, document, missing }: TrustDraft): Promise<void> {
  await writeWhole(out, '--out', bytes)
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
      ? document.version === 1
        ? 'Complete: provision devices with it.'
        : 'Complete: put it into trust/ of the broker and start the broker anew.'
      : 'Not complete: devices would refuse it. See drover trust sign.'
  out.line(hint, 'quiet')
}

function shown(bytes: Uint8Array, flag: string): TrustDocument {
  try {
    return readStatement(openEnvelope(bytes).payload, flag)
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

function roleWish(text: string): RoleWish {
  const [, name = '', threshold = '', files = ''] = /^([a-z][a-z0-9-]{0,31})=(\d{1,2}):(.+)$/.exec(text) ?? []
  if (files === '') throw new InvalidArgumentError('Expected NAME=THRESHOLD:FILE,FILE like release=1:release.pem.')
  return { name, threshold: Number(threshold), files: files.split(',') }
}
