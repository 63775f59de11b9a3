// Builds the console into dist/operator/console: index.html, and assets whose names carry the hash of their content, each
// beside its gzip and brotli form. Fails when what a browser loads is larger than it may be; `--sizes` prints how large it is.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Gzipped bytes of script and style that any one page loads, with its own form or drawer and without the chart library. */
const pageBytesMax = 60_000
/** All pages, drawers and forms together, without the chart library: what somebody who opens everything has loaded. */
const allBytesMax = 82_000

const source = fileURLToPath(new URL('.', import.meta.url))
const target =
  process.argv.find(argument => argument.startsWith('--out='))?.slice(6) ?? join(source, '../../dist/operator/console')

/**
 * The parts that are fetched later. Each is made to import the frame: esbuild writes one file for each set of entries that
 * share something, and so there is one such set, the frame and all that it uses, and not five with a few hundred bytes each.
 */
const withFrame = {
  name: 'with-frame',
  setup({ onLoad }) {
    onLoad({ filter: /pages\/(other-rooms|operation-parts)\.ts$/ }, ({ path }) => ({
      contents: `import ${JSON.stringify(join(source, 'app.tsx'))}\n${readFileSync(path, 'utf8')}`,
      loader: 'ts',
    }))
  },
}

// Only what is made here: the compiler puts the console's plain modules beside it, for their tests.
rmSync(join(target, 'assets'), { recursive: true, force: true })
mkdirSync(join(target, 'assets'), { recursive: true })
const { outputFiles, metafile } = await build({
  absWorkingDir: source,
  entryPoints: { console: 'main.tsx' },
  outdir: join(target, 'assets'),
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['chrome120', 'firefox121', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.svg': 'file' },
  legalComments: 'none',
  plugins: [withFrame],
  metafile: true,
  write: false,
  logLevel: 'warning',
})

for (const { path, contents } of outputFiles) write(path, contents)

const outputs = Object.entries(metafile.outputs)
const [scriptPath, script] = outputs.find(([, { entryPoint }]) => entryPoint === 'main.tsx') ?? []
if (script === undefined) throw new Error('the bundle has no entry')
const eager = eagerFiles(scriptPath)
const page = readFileSync(join(source, 'index.html'), 'utf8')
  .replace('%SCRIPT%', `/assets/${basename(scriptPath)}`)
  .replace('%STYLE%', `/assets/${basename(script.cssBundle)}`)
  .replace(
    '%PRELOADS%',
    eager
      .filter(path => path !== scriptPath && path.endsWith('.js'))
      .map(path => `<link rel="modulepreload" href="/assets/${basename(path)}" />`)
      .join('\n    '),
  )
write(join(target, 'index.html'), Buffer.from(page))

const gzipped = path => readFileSync(join(target, 'assets', `${basename(path)}.gz`)).length
const sum = paths => paths.reduce((bytes, path) => bytes + gzipped(path), 0)
const firstLoadBytes = sum([...eager, script.cssBundle])
const charts = outputs.filter(([, { inputs }]) => Object.keys(inputs).some(path => path.endsWith('/uPlot.esm.js')))
if (charts.length !== 1) throw new Error(`the chart library stands in ${charts.length} files, expected one of its own`)
const [[chartPath]] = charts
const allBytes = sum(outputs.map(([path]) => path).filter(path => path !== chartPath))
// A page that is opened by its address: what is loaded first, and what it fetches of its own.
const fetched = outputs
  .flatMap(([, { imports }]) => imports)
  .filter(({ kind, path }) => kind === 'dynamic-import' && path !== chartPath)
  .map(({ path }) => path)
const pageBytes = path => sum([...new Set([...eager, ...eagerFiles(path), script.cssBundle])])
const largestPageBytes = Math.max(...fetched.map(pageBytes))
const isTooLarge = largestPageBytes > pageBytesMax || allBytes > allBytesMax
if (process.argv.includes('--sizes') || isTooLarge) {
  for (const [path, { bytes }] of outputs) console.log(`${basename(path)} ${bytes}, ${gzipped(path)} gzipped`)
  console.log(`first load: ${firstLoadBytes} bytes gzipped`)
  console.log(`largest page: ${largestPageBytes} bytes gzipped, expected at most ${pageBytesMax}`)
  console.log(`everything without ${basename(chartPath)}: ${allBytes} bytes gzipped, expected at most ${allBytesMax}`)
}
if (isTooLarge) process.exit(1)

/** What the browser loads before anything is drawn: the entry, and what it imports outright. */
function eagerFiles(path) {
  const found = new Set()
  const add = each => {
    if (found.has(each)) return
    found.add(each)
    for (const { path: next, kind } of metafile.outputs[each].imports) if (kind === 'import-statement') add(next)
  }
  add(path)
  return [...found]
}

function write(path, contents) {
  writeFileSync(path, contents)
  writeFileSync(`${path}.gz`, gzipSync(contents, { level: 9 }))
  writeFileSync(`${path}.br`, brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
}
