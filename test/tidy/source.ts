// The tree as text: what the rules of rules.ts look at. Paths are relative to the root of the repository, with '/'.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Import {
  readonly from: string
  /** What stands between `import` and `from`: `{ a, type B }`. */
  readonly clause: string
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean
}

const folders = ['agent', 'bench', 'broker', 'docs', 'operator', 'proto', 'simulator', 'test', '.ci']
const textEndings = /\.(tsx?|mjs|js|json|md|proto|txt|html|css|sh|yml|yaml)$|^\.ci\/run$|^\.(taprc|npmrc|gitignore)$/

/** Every text of ours below `root`, by path. */
export function readTree(root: string): Map<string, string> {
  const files = new Map<string, string>()
  const add = (path: string): void => {
    if (textEndings.test(path)) files.set(path, readFileSync(join(root, path), 'utf8'))
  }
  for (const entry of readdirSync(root, { withFileTypes: true })) if (entry.isFile()) add(entry.name)
  for (const folder of folders) walk(root, folder, add)
  return files
}

function walk(root: string, folder: string, add: (path: string) => void): void {
  // A folder of the tree that does not exist yet has nothing to be tidy about.
  const entries = (() => {
    try {
      return readdirSync(join(root, folder), { withFileTypes: true })
    } catch {
      return []
    }
  })()
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory() && entry.name !== 'node_modules') walk(root, path, add)
    else if (entry.isFile()) add(path)
  }
}

/** The same text with comments blanked out, lines kept, strings kept. */
export function withoutComments(text: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replace(token, found => (found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found))
}

/** The same text with the contents of strings blanked out too: what is left is code. */
export function codeOnly(text: string): string {
  return withoutComments(text).replace(
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g,
    found => `'${' '.repeat(found.length - 2)}'`,
  )
}

/** Everything a file imports or exports from elsewhere, dynamic imports of a literal included. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const found: Import[] = []
  const statement = /^[ \t]*(import|export)\b([^'"`;=(]*?)\bfrom[ \t]+(['"])([^'"\n]+)\3/gm
  for (const [, , clause = '', , from = ''] of code.matchAll(statement))
    found.push({ from, clause: clause.trim(), typeOnly: isTypeOnly(clause) })
  for (const [, , from = ''] of code.matchAll(/^[ \t]*import[ \t]+(['"])([^'"\n]+)\1/gm))
    found.push({ from, clause: '', typeOnly: false })
  for (const [, , from = ''] of code.matchAll(/\bimport\((['"])([^'"\n]+)\1\)/g))
    found.push({ from, clause: '', typeOnly: false })
  return found
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]
  return names?.split(',').every(name => name.trim() === '' || /^type\s/.test(name.trim())) ?? false
}

/** `from` as a path of the tree, or undefined for a package. */
export function resolved(importer: string, from: string): string | undefined {
  if (!from.startsWith('.')) return undefined
  const parts = importer.split('/').slice(0, -1)
  for (const part of from.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
