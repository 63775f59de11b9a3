// Named commands: a program that the integrator put into the device's folder of commands, run with the arguments of the
// order. Nothing that comes over the wire is ever a path, an option or a word of a shell.
import { commandOutputBytesMax } from '../../proto/limits.ts'
import { isObject } from '../core/json-patch.ts'
import type { Programs } from '../ports.ts'
import { badArguments, type CommandHandler, type Order, strangerIn } from './command-handler.ts'

/** One name of a file, never a path: no separator, no leading dot or dash. */
const nameGrammar = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export function programHandler(programs: Programs): CommandHandler {
  return {
    prepare: async order => {
      const { name, arguments: given = {} } = order.arguments
      const stranger = strangerIn(order.arguments, ['name', 'arguments'])
      if (stranger !== undefined) return { kind: 'ended', outcome: stranger }
      if (typeof name !== 'string' || !nameGrammar.test(name))
        return { kind: 'ended', outcome: badArguments('name', '1 to 64 of A-Z a-z 0-9 . _ -') }
      if (!isObject(given)) return { kind: 'ended', outcome: badArguments('arguments', 'an object') }
      if (await programs.has(name)) return { kind: 'ready', plan: null }
      return { kind: 'ended', outcome: { kind: 'failed', reason: 'unknown-command', data: { command: name } } }
    },
    act: async (order, _plan, { repeated, signal }) => {
      const end = await programs.run(nameOf(order), inputOf(order), environmentOf(order, repeated), signal)
      // The agent ends: nobody hears this outcome, and the program is run again.
      if (signal.aborted) return { kind: 'failed', reason: 'interrupted' }
      const output = clippedText(end.output, commandOutputBytesMax)
      const data = {
        ...(end.exitCode === undefined ? {} : { exit_code: String(end.exitCode) }),
        ...(output.text === '' ? {} : { output: output.text }),
        ...(output.cut || end.outputCut ? { output_cut: 'true' } : {}),
      }
      return end.problem === undefined ? { kind: 'done', data } : { kind: 'failed', reason: end.problem, data }
    },
  }
}

/** The longest beginning of the bytes, read as UTF-8, that has `bytesMax` bytes at most and ends with a whole character. */
export function clippedText(bytes: Uint8Array, bytesMax: number): { readonly text: string; readonly cut: boolean } {
  const text = Buffer.from(bytes).toString('utf8')
  let length = 0
  let end = 0
  for (const character of text) {
    length += Buffer.byteLength(character)
    if (length > bytesMax) return { text: text.slice(0, end), cut: true }
    end += character.length
  }
  return { text, cut: false }
}

function nameOf({ arguments: { name } }: Order): string {
  // `prepare` has seen it, and the order is the same.
  return String(name)
}

function inputOf({ arguments: { arguments: given = {} } }: Order): Uint8Array {
  return Buffer.from(JSON.stringify(given))
}

function environmentOf({ operation, attempt }: Order, repeated: boolean): Readonly<Record<string, string>> {
  return {
    DROVER_OPERATION: operation,
    DROVER_ATTEMPT: String(attempt),
    ...(repeated ? { DROVER_REPEATED: 'true' } : {}),
  }
}
