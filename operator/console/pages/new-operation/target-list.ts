// Device ids as people bring them: typed or pasted, or in a CSV file. The file is read here only to say how many it names;
// the broker reads it by itself (docs/PROTOCOL.md, “Target list”).

/** Of one file. */
export const importBytesMax = 16 * 1024 * 1024
const columns = ['device_id', 'ControllerID', 'device', 'id']

/** Each once, in the order they stand in. */
export function devicesIn(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(id => id !== ''))]
}

/** The ids of the column named for it, or of the first one; each once. */
export function devicesInCsv(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
  const [head = ''] = lines
  const separator = [';', '\t', ','].find(candidate => head.includes(candidate)) ?? ','
  const names = cellsOf(head, separator)
  const named = names.findIndex(name => columns.includes(name))
  const rows = named === -1 ? lines : lines.slice(1)
  const ids = rows.map(line => cellsOf(line, separator)[Math.max(0, named)] ?? '')
  return [...new Set(ids.filter(id => id !== ''))]
}

/** Trimmed, and so without a byte order mark. */
function cellsOf(line: string, separator: string): string[] {
  return line.split(separator).map(cell => cell.trim().replace(/^"(.*)"$/, '$1'))
}
