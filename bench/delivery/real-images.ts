// Real consecutive releases as images: two versions of a package from the npm registry, each as the tar in its tarball.
// The client is npm's own; where it reaches no registry, the pair is left out and that is said.
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'

export interface Release {
  readonly name: string
  readonly from: string
  readonly to: string
  /** In the names of the metrics. */
  readonly word: string
}

export interface ImagePair {
  readonly word: string
  readonly before: Buffer
  readonly after: Buffer
}

/** Two trees of files and two programs that are linked anew with every release. */
export const releases: readonly Release[] = [
  { name: 'typescript', from: '6.0.2', to: '6.0.3', word: 'typescript' },
  { name: 'prettier', from: '3.10.0', to: '3.10.1', word: 'prettier' },
  { name: '@esbuild/linux-x64', from: '0.28.1', to: '0.28.2', word: 'esbuild' },
  { name: '@rollup/rollup-linux-x64-gnu', from: '4.68.6', to: '4.68.7', word: 'rollup' },
]

/** Rejects with what npm says. What lies in the folder is not fetched again. */
export async function fetchPair({ name, from, to, word }: Release, folder: string): Promise<ImagePair> {
  const [before, after] = [await tarOf(name, from, folder), await tarOf(name, to, folder)]
  return { word, before, after }
}

async function tarOf(name: string, version: string, folder: string): Promise<Buffer> {
  const own = join(folder, `${name.replace(/[@/]/g, '_')}-${version}`)
  await mkdir(own, { recursive: true })
  if (!(await hasTarball(own)))
    await promisify(execFile)('npm', ['pack', `${name}@${version}`, '--pack-destination', own, '--silent'])
  const file = (await readdir(own)).find(each => each.endsWith('.tgz'))
  if (file === undefined) throw new Error(`npm pack ${name}@${version} left no tarball`)
  return gunzipSync(await readFile(join(own, file)))
}

async function hasTarball(folder: string): Promise<boolean> {
  return (await readdir(folder)).some(file => file.endsWith('.tgz'))
}
