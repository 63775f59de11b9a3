// A signer that is a program of the operator: it holds the key, or knows the token, the card or the cloud that does. It is
// started for each question and asked by signer-contract.ts; whatever goes wrong is told by the flag that named it.
//
//   public-key ─▶ which key, which algorithm      sign ─▶ the signature, verified against that key before it is used
import type { TrustedKey } from '../proto/envelope.ts'
import { commandWords } from './command-words.ts'
import { BadInput, badFlag } from './errors.ts'
import type { ProgramEnd, RunProgram } from './program.ts'
import type { Signer } from './signer.ts'
import {
  answerBytesMax,
  publicKeyIn,
  publicKeyRequest,
  refusalIn,
  signatureIn,
  signRequest,
  UnusableAnswer,
} from './signer-contract.ts'

export interface ExecSignerSettings {
  /** Of one answer: people look for their token and type a PIN meanwhile. */
  readonly timeoutMs: number
  readonly run: RunProgram
  readonly signal: AbortSignal
  /** Called before each signature: from then on somebody may have to do something. */
  readonly announce: (summary: string) => void
}

/** Asks the program for its key. Throws BadInput naming `--signer`, here and when it signs; the reason of `signal`. */
export async function openExecSigner(command: string, settings: ExecSignerSettings): Promise<Signer> {
  const words = wordsOf(command)
  const [program = ''] = words
  async function asked<T>(request: Buffer, read: (answer: Uint8Array) => T): Promise<T> {
    const { timeoutMs, run, signal } = settings
    const end = await run({ words, input: request, timeoutMs, outputBytesMax: answerBytesMax }, signal)
    const output = outputOf(end, program, timeoutMs)
    try {
      return read(output)
    } catch (cause) {
      if (cause instanceof UnusableAnswer) throw failed(`${program} ${cause.message}`, cause)
      throw cause
    }
  }
  const key: TrustedKey = await asked(publicKeyRequest(), publicKeyIn)
  return {
    ...{ flag: '--signer', name: command, key },
    sign: request => {
      settings.announce(request.summary)
      return asked(signRequest(request, key), answer => signatureIn(answer, key, request.message))
    },
  }
}

function wordsOf(command: string): readonly string[] {
  try {
    return commandWords(command)
  } catch (cause) {
    if (cause instanceof RangeError) throw badFlag('--signer', cause.message, cause)
    throw cause
  }
}

/** Throws BadInput when there is no answer to look at. */
function outputOf(end: ProgramEnd, program: string, timeoutMs: number): Buffer {
  switch (end.kind) {
    case 'exited': {
      if (end.exitCode === 0) return end.output
      const why = refusalIn(end.output) ?? 'it said no more than what stands above'
      throw failed(`${program} ended with exit code ${end.exitCode}: ${why}`)
    }
    case 'killed':
      throw failed(`${program} was ended by ${end.by}`)
    case 'timeout':
      throw failed(`${program} has not answered within ${timeoutMs / 1000} s; allow it more with --signer-timeout`)
    case 'too-much':
      throw failed(`${program} answered with more than ${answerBytesMax} bytes, expected one JSON object`)
    case 'not-started':
      throw failed(startProblem(end.code, program))
  }
}

function startProblem(code: string, program: string): string {
  switch (code) {
    case 'ENOENT':
      return program.includes('/')
        ? `there is no program ${program}, or the one named in its first line is missing`
        : `there is no program ${program} on the PATH; one of this folder is written ./${program}`
    case 'EACCES':
      return `${program} may not be run; make it executable: chmod +x`
    case 'ENOEXEC':
      return `${program} is no program; a script says in its first line what runs it: #!/bin/sh`
    default:
      return `${program} cannot be started (${code})`
  }
}

function failed(problem: string, cause?: unknown): BadInput {
  const { message, fields } = badFlag('--signer', problem)
  return new BadInput('SIGNER_FAILED', message, { fields, cause })
}
