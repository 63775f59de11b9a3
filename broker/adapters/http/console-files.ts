// The console as files: read once at the start, kept in memory, sent with headers of their own. What they are allowed to
// do in a browser is written in their content security policy: nothing but scripts, styles and requests of this broker.
// Written here because @fastify/static no longer runs on Node 20 and brings twelve packages for some ten files.
//
//   FOLDER/index.html             every page: the console looks at the address itself
//   FOLDER/assets/NAME            the name carries a hash of the content, so it may be kept for ever
//   …NAME.br, …NAME.gz            the same, compressed by whoever built it
import { createHash } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RequestRefused } from '../../errors.ts'
import type { Log } from '../../ports.ts'
import type { Server } from './server.ts'

/** First words of the addresses that are pages; whatever lies below them is one as well. */
export const pageSegments = ['devices', 'operations', 'events', 'artifacts', 'admin', 'sign-in'] as const

/** Files in the folder, their compressed forms not counted, and bytes, these counted. */
const filesMax = 64
const bytesMax = 8 * 1024 * 1024

const nameSyntax = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}
/** In the order in which they are chosen. */
const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'referrer-policy': 'no-referrer',
  vary: 'accept-encoding',
  'x-content-type-options': 'nosniff',
} as const

interface Form {
  /** Undefined: as it is. */
  readonly encoding: 'br' | 'gzip' | undefined
  readonly bytes: Buffer
  readonly etag: string
}
interface ConsoleFile {
  readonly type: string
  readonly forms: readonly Form[]
}

export interface ConsoleFiles {
  readonly index: ConsoleFile
  readonly assets: ReadonlyMap<string, ConsoleFile>
}

/**
 * Undefined where there is no console, or none that can be served; the log says which. Whoever has no console still has
 * a broker, so this never rejects.
 */
export async function readConsole(folder: string, log: Log): Promise<ConsoleFiles | undefined> {
  const budget = { files: filesMax, bytes: bytesMax }
  try {
    const index = await readFileForms(folder, 'index.html', new Set(await namesIn(folder)), budget)
    if (index === undefined) return absent(folder, log)
    const assetFolder = join(folder, 'assets')
    const names = new Set(await namesIn(assetFolder))
    const assets = new Map<string, ConsoleFile>()
    for (const name of names) {
      if (encodings.some(({ suffix }) => name.endsWith(suffix))) continue
      const file = await readFileForms(assetFolder, name, names, budget)
      if (file === undefined) log.warn({ event: 'console-file-left-out', name }, 'not a kind of file that is served')
      else assets.set(name, file)
    }
    return { index, assets }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent(folder, log)
    log.error({ event: 'console-not-read', folder, err: error }, 'the console is not served')
    return undefined
  }
}

function absent(folder: string, log: Log): undefined {
  log.info({ event: 'console-absent', folder }, 'no console was built here; the program drover can do the same')
}

export function addConsoleRoutes(server: Server, { index, assets }: ConsoleFiles): void {
  const method = ['GET', 'HEAD']
  const pages = ['/', ...pageSegments.flatMap(segment => [`/${segment}`, `/${segment}/*`])]
  for (const url of pages)
    server.route({
      method,
      url,
      config: { open: true },
      handler: async (request, reply) => sent(request, reply, index, 'no-cache'),
    })
  server.route<{ Params: { readonly name: string } }>({
    method,
    url: '/assets/:name',
    config: { open: true },
    async handler(request, reply) {
      const file = assets.get(request.params.name)
      if (file === undefined) throw new RequestRefused('NOT_FOUND', 'There is nothing at this address.')
      return sent(request, reply, file, 'public, max-age=31536000, immutable')
    },
  })
}

function sent(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile, cacheControl: string): FastifyReply {
  const form = chosen(file.forms, String(request.headers['accept-encoding'] ?? ''))
  reply.headers({ ...headers, 'cache-control': cacheControl, etag: form.etag })
  if (isKnown(form.etag, request.headers['if-none-match'])) return reply.code(304).send()
  if (form.encoding !== undefined) reply.header('content-encoding', form.encoding)
  return reply.type(file.type).send(form.bytes)
}

/** RFC 9110, 12.5.3: by our order among those that are not refused with q=0; as it is, where nothing else is wanted. */
function chosen(forms: readonly Form[], accepted: string): Form {
  const wanted = new Set<string>()
  for (const part of accepted.split(',')) {
    const [name = '', ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    if (!parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter))) wanted.add(name)
  }
  const found = forms.find(({ encoding }) => encoding !== undefined && wanted.has(encoding)) ?? forms.at(-1)
  if (found === undefined) throw new Error('a file without a form')
  return found
}

/** RFC 9110, 13.1.2: a weak comparison, so that a proxy may have made it weak. */
function isKnown(etag: string, header: string | undefined): boolean {
  if (header === undefined) return false
  return header.split(',').some(given => ['*', etag].includes(given.trim().replace(/^W\//, '')))
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(({ name }) => name)
}

/** The file with its compressed forms, the plain one last; undefined when it is none that is served. */
async function readFileForms(
  folder: string,
  name: string,
  names: ReadonlySet<string>,
  budget: { files: number; bytes: number },
): Promise<ConsoleFile | undefined> {
  const type = types[extname(name)]
  if (type === undefined || !nameSyntax.test(name) || !names.has(name)) return undefined
  budget.files -= 1
  if (budget.files < 0) throw new RangeError(`expected at most ${filesMax} files`)
  const forms: Form[] = []
  const plain = await readBounded(join(folder, name), budget)
  const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 27)
  for (const { name: encoding, suffix } of encodings)
    if (names.has(name + suffix)) {
      const bytes = await readBounded(join(folder, name + suffix), budget)
      forms.push({ encoding, bytes, etag: `"${digest}-${encoding}"` })
    }
  return { type, forms: [...forms, { encoding: undefined, bytes: plain, etag: `"${digest}"` }] }
}

/** Looks at the length before it takes memory. */
async function readBounded(path: string, budget: { bytes: number }): Promise<Buffer> {
  const file = await open(path)
  try {
    budget.bytes -= (await file.stat()).size
    if (budget.bytes < 0) throw new RangeError(`expected at most ${bytesMax} bytes`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}
