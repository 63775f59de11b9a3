// A built console in small: an index, a script with its compressed forms, and things that have no business there.
import { brotliCompressSync, gzipSync } from 'node:zlib'

export const page = '<!doctype html><title>Drover</title>'
export const script = 'export const answer = 42\n'.repeat(20)

export interface Folder {
  [name: string]: string | Buffer | Folder
}

/** As `t.testdir` takes it. */
export function consoleFolder(): Folder {
  return {
    'index.html': page,
    'main.js': 'no asset',
    assets: {
      'main-AB12.js': script,
      'main-AB12.js.br': brotliCompressSync(script),
      'main-AB12.js.gz': gzipSync(script),
      'main-CD34.css': 'a{}',
      'mark.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
      'photo.exe': 'MZ',
      '.hidden.js': 'x',
      folder: { 'inner.js': 'x' },
    },
  }
}
