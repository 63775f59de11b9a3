// The filter language of the broker as text: `field__op=value` joined with `&`. The broker judges it; here conditions are
// only found, put in and taken out.

/** The conditions as they are written. */
export function conditionsOf(text: string): readonly string[] {
  return text
    .split('&')
    .map(condition => condition.trim())
    .filter(condition => condition !== '')
}

/** What stands behind `name=` (or `name__eq=`), as it is written; '' when nothing does. */
export function conditionValue(text: string, name: string): string {
  const found = conditionsOf(text).find(condition => isAbout(condition, name))
  return found === undefined ? '' : found.slice(found.indexOf('=') + 1)
}

/** The same filter with `name=value` in the place of any before; '' takes it away. `value` is any text. */
export function withCondition(text: string, name: string, value: string): string {
  const others = conditionsOf(text).filter(condition => !isAbout(condition, name))
  return joined(...others, value === '' ? '' : `${name}=${escaped(value)}`)
}

/** All conditions of several filters. */
export function joined(...texts: readonly string[]): string {
  return texts.flatMap(conditionsOf).join('&')
}

function escaped(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('&', '%26')
}

function isAbout(condition: string, name: string): boolean {
  return condition.startsWith(`${name}=`) || condition.startsWith(`${name}__eq=`)
}
