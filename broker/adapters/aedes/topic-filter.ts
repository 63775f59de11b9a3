// Topic filters as MQTT 3.1.1 has them in 4.7: which are well-formed, and which names they match. Pure.

/** What is wrong with a filter; Aedes' own check lets `a#`, `+b` and `a+` pass. */
export function filterProblem(filter: string): string | undefined {
  if (filter === '') return 'an empty topic filter [MQTT-4.7.3-1]'
  const levels = filter.split('/')
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) {
      return '# that is not the whole last level of a filter [MQTT-4.7.1-2]'
    }
    if (level.includes('+') && level !== '+') return '+ that is not the whole level of a filter [MQTT-4.7.1-3]'
  }
  return undefined
}

/** `filter` is well-formed. Levels may be empty, `a/#` matches `a`, and a wildcard in front no name that begins with `$`. */
export function matches(filter: string, topic: string): boolean {
  if (filter === topic) return true
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false
  let filterAt = 0
  let topicAt = 0
  for (;;) {
    const filterEnd = endOfLevel(filter, filterAt)
    const wildcard = filterEnd - filterAt === 1 ? filter[filterAt] : undefined
    if (wildcard === '#') return true
    const topicEnd = endOfLevel(topic, topicAt)
    if (wildcard !== '+') {
      if (filterEnd - filterAt !== topicEnd - topicAt) return false
      if (!topic.startsWith(filter.slice(filterAt, filterEnd), topicAt)) return false
    }
    const filterMore = filterEnd < filter.length
    if (topicEnd === topic.length) return !filterMore || filter.slice(filterEnd) === '/#'
    if (!filterMore) return false
    filterAt = filterEnd + 1
    topicAt = topicEnd + 1
  }
}

function endOfLevel(text: string, from: number): number {
  const end = text.indexOf('/', from)
  return end === -1 ? text.length : end
}
