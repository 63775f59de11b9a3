// A JSON body as a value, never deeper than allowed: the depth is counted before anything is built from the text.
import { type FieldProblem, RequestRefused } from '../../errors.ts'

/** Undefined for an empty body. Throws RequestRefused INVALID: no JSON, too deep, or with a key `__proto__`. */
export function parseJsonBody(text: string, depthMax: number): unknown {
  if (text.trim() === '') return undefined
  if (isDeeperThan(text, depthMax)) throw refused(`must not be nested deeper than ${depthMax}`)
  try {
    return JSON.parse(text, (key, value) => {
      // An own key of this name is harmless here and a trap for whoever copies the object with `target[key] = value`.
      if (key === '__proto__') throw refused('must not have a key __proto__')
      return value
    })
  } catch (cause) {
    if (cause instanceof RequestRefused) throw cause
    throw refused('must be JSON')
  }
}

function isDeeperThan(text: string, depthMax: number): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (inString) {
      if (character === 0x5c) index += 1
      else if (character === 0x22) inString = false
    } else if (character === 0x22) inString = true
    else if (character === 0x7b || character === 0x5b) {
      depth += 1
      if (depth > depthMax) return true
    } else if (character === 0x7d || character === 0x5d) depth -= 1
  }
  return false
}

function refused(message: string): RequestRefused {
  const field: FieldProblem = { name: 'body', message }
  return new RequestRefused('INVALID', `The body ${message}.`, [field])
}
