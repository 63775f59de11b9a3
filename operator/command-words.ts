// A command line in one flag, parted into words as a shell does it, and nothing else of a shell: no variables, no pipes, no
// wildcards. What a shell would act upon is refused where it stands without quotes, so that nobody believes it was acted upon.
//
//   sign-with-hsm --label 'release key' a\ b   ─▶   ['sign-with-hsm', '--label', 'release key', 'a b']

const lengthMax = 4096
const actedUpon = /[|&;<>()$`*?[\]{}!#\n\r]/

/**
 * At least one word. Single quotes keep everything, double quotes everything but \" and \\, a backslash the character behind
 * it. Throws RangeError with what is wrong.
 */
export function commandWords(text: string): readonly string[] {
  if (text.length > lengthMax) throw new RangeError(`has ${text.length} characters, expected at most ${lengthMax}`)
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; at += 1) {
    const here = text.charAt(at)
    if (here === ' ' || here === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (here === "'") {
      const end = text.indexOf("'", at + 1)
      if (end < 0) throw new RangeError("has a ' without its end")
      word = (word ?? '') + text.slice(at + 1, end)
      at = end
    } else if (here === '"') {
      const quoted = inQuotes(text, at + 1)
      word = (word ?? '') + quoted.text
      at = quoted.end
    } else if (here === '\\') {
      at += 1
      if (at === text.length) throw new RangeError('ends with a backslash')
      word = (word ?? '') + text.charAt(at)
    } else {
      if (actedUpon.test(here) || (here === '~' && word === undefined)) throw new RangeError(unquoted(here))
      word = (word ?? '') + here
    }
  }
  if (word !== undefined) words.push(word)
  if (words.length === 0 || words[0] === '') throw new RangeError('names no program')
  return words
}

function inQuotes(text: string, from: number): { readonly text: string; readonly end: number } {
  let inside = ''
  for (let at = from; at < text.length; at += 1) {
    const here = text.charAt(at)
    if (here === '"') return { text: inside, end: at }
    if (here === '\\' && ['"', '\\'].includes(text.charAt(at + 1))) at += 1
    else if (here === '$' || here === '`') throw new RangeError(unquoted(here))
    inside += text.charAt(at)
  }
  throw new RangeError('has a " without its end')
}

function unquoted(character: string): string {
  const shown = character === '\n' || character === '\r' ? 'a line break' : character
  return `is run without a shell, which would act upon ${shown}: put it into single quotes, or the line into a script`
}
