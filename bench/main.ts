// `npm run bench -- NAME [--json]`: one `{bench, metric, value, unit}` a line.
const benches: Readonly<Record<string, () => Promise<{ run(options: { readonly json: boolean }): Promise<void> }>>> = {
  delivery: () => import('./delivery.ts'),
  store: () => import('./store.ts'),
}

const names = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const json = process.argv.includes('--json')
const [name] = names
const load = name === undefined ? undefined : benches[name]
if (names.length !== 1 || load === undefined) {
  console.error(`usage: npm run bench -- NAME [--json], with NAME one of ${Object.keys(benches).join(', ')}`)
  process.exitCode = 2
} else await (await load()).run({ json })
