// JSON text as a value, never deeper than allowed: the depth is counted before anything is built from the text.
import { RequestRefused } from '../errors.ts'

/** Nesting of what operators send. */
export const jsonDepthMax = 16

/**
 * Undefined for empty text. Throws RequestRefused INVALID that names `field`: no JSON, too deep, or with a key
 * `__proto__`.
 */
export function parseJsonText(text: string, depthMax = jsonDepthMax, field = 'body'): unknown {
  const refused = (message: string): RequestRefused =>
    new RequestRefused('INVALID', `The ${field} ${message}.`, [{ name: field, message }])
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
