// Compiles the schemas of a route when its first request comes. All of them together would take a good third of a start,
// and most brokers never see most of the routes. That every schema compiles is shown by the tests that ask every route.
import Fastify, { type FastifyServerOptions } from 'fastify'
import type { Server } from './server.ts'

/** A compiler of Fastify's, as far as we go between: what it makes is called with data, and may leave `errors`. */
type Compile<Route> = (route: Route) => Compiled
type Compiled = ((data: unknown) => unknown) & { errors?: unknown }

/** Must be in place before the routes are added. `ajv`: as the server was made with. */
export async function compileWhenUsed(server: Server, ajv: FastifyServerOptions['ajv']): Promise<void> {
  // Fastify gives its own compilers to whoever has a route with a schema, and to nobody else.
  const sample = Fastify({ logger: false, ...(ajv === undefined ? {} : { ajv }) })
  const schema = { querystring: { type: 'object' }, response: { 200: { type: 'object' } } }
  sample.get('/', { schema }, async () => ({}))
  await sample.ready()
  const { validatorCompiler, serializerCompiler } = sample as unknown as Readonly<
    Record<'validatorCompiler' | 'serializerCompiler', Compile<never>>
  >
  server.setValidatorCompiler(route => whenUsed(() => validatorCompiler(route as never)) as never)
  server.setSerializerCompiler(route => whenUsed(() => serializerCompiler(route as never)) as never)
  await sample.close()
}

function whenUsed(compile: () => Compiled): Compiled {
  let compiled: Compiled | undefined
  const use: Compiled = data => {
    compiled ??= compile()
    const result = compiled(data)
    use.errors = compiled.errors
    return result
  }
  return use
}
