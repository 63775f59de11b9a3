// `npm run bench -- NAME [--json] [--FLAG VALUE …]`: one `{bench, metric, value, unit}` a line. The flags are the bench's own.
interface Bench {
  run(options: { readonly json: boolean; readonly args: readonly string[] }): Promise<void>
}
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  agent: () => import('./agent.ts'),
  console: () => import('./console.ts'),
  delivery: () => import('./delivery.ts'),
  engine: () => import('./engine.ts'),
  fleet: () => import('./fleet.ts'),
  fuzz: () => import('./fuzz.ts'),
  hostile: () => import('./hostile.ts'),
  pages: () => import('./pages.ts'),
  store: () => import('./store.ts'),
  world: () => import('./world.ts'),
}

const [name, ...args] = process.argv.slice(2).filter(argument => argument !== '--json')
const json = process.argv.includes('--json')
const load = name === undefined ? undefined : benches[name]
if (load === undefined) {
  console.error(`usage: npm run bench -- NAME [--json], with NAME one of ${Object.keys(benches).join(', ')}`)
  process.exitCode = 2
} else await (await load()).run({ json, args })
