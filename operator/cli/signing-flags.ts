// Who signs, on every command that does: key files, programs that hold a key, or some of both until a threshold is reached.
import type { Command } from 'commander'
import { badFlag } from '../errors.ts'
import { openExecSigner } from '../exec-signer.ts'
import { readPrivateKey } from '../keys.ts'
import { programRunner } from '../program.ts'
import { keySigner, mustDiffer, type Signer } from '../signer.ts'
import type { CliContext } from './context.ts'
import { passphraseOf } from './passphrase.ts'
import { duration, each } from './values.ts'

export interface SigningOptions {
  readonly key?: readonly string[]
  readonly signer?: readonly string[]
  readonly signerTimeout?: number
  readonly passphraseFile?: string
}

const timeoutDefaultMs = 300_000
export const signerFlagText = 'program that signs without a key file, with its arguments; several, also beside --key'

export function addSigningFlags(command: Command, keyText: string): Command {
  command
    .option('--key <file>', keyText, each(String))
    .option('--signer <command>', signerFlagText, each(String))
    .option('--passphrase-file <file>', 'first line opens the keys (env DROVER_PASSPHRASE_FILE)')
  return addSignerTimeout(command)
}

export function addSignerTimeout(command: Command): Command {
  return command.option(
    '--signer-timeout <time>',
    'longest wait for one answer of a --signer (default 5m)',
    duration(1, 3_600_000),
  )
}

/** Whether somebody was named. */
export function namesSigners({ key, signer }: SigningOptions): boolean {
  return key !== undefined || signer !== undefined
}

/**
 * Key files first, each group in the order it was given. `beforeAsking` is called before a program is asked for a signature.
 * Throws BadInput.
 */
export async function signersOf(
  context: CliContext,
  options: SigningOptions,
  beforeAsking: () => void = () => undefined,
): Promise<readonly Signer[]> {
  const { key = [], signer = [], passphraseFile } = options
  const passphrase = await passphraseOf(context, passphraseFile)
  const signers: Signer[] = await Promise.all(
    key.map(async path => keySigner(await readPrivateKey(path, '--key', passphrase), path)),
  )
  // One after the other: each may ask a person for a PIN.
  for (const command of signer) signers.push(await programSigner(context, command, options, beforeAsking))
  mustDiffer(signers)
  return signers
}

/** Throws BadInput naming `--signer`. */
export function programSigner(
  { world, out }: CliContext,
  command: string,
  { signerTimeout = timeoutDefaultMs }: Pick<SigningOptions, 'signerTimeout'>,
  beforeAsking: () => void = () => undefined,
): Promise<Signer> {
  const { clock, stderr, signal } = world
  // It is no client of the broker.
  const { DROVER_TOKEN: _, ...env } = world.env
  return openExecSigner(command, {
    timeoutMs: signerTimeout,
    run: programRunner({ clock, env, stderr }),
    signal,
    announce: summary => {
      beforeAsking()
      if (!out.json) out.hint(`Asking ${command} to sign ${summary}`)
    },
  })
}

/** As `signersOf`, of which there must be one. `expected`: what to do otherwise. */
export async function someSigners(
  context: CliContext,
  options: SigningOptions,
  expected: string,
  beforeAsking?: () => void,
): Promise<readonly Signer[]> {
  if (!namesSigners(options)) throw badFlag('--key', expected)
  return signersOf(context, options, beforeAsking)
}
