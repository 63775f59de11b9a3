// What goes out as a file: the CSV of an operation, backup and log of a device, the audit chain. Streams are read as fast as
// the client takes them, and their reading ends when it goes away.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { type AuditLine, auditText } from '../../../proto/audit.ts'
import type { AuditHead } from '../../../proto/http-admin.ts'
import type { AuditRecord } from '../../core/records.ts'
import { positiveInteger } from '../../doors/parameters.ts'
import { RequestRefused } from '../../errors.ts'
import type { Log } from '../../ports.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import { Gate } from './gate.ts'
import { readQuery } from './query.ts'
import type { RouteDocument } from './route-document.ts'
import { principalOf, type Server } from './server.ts'
import type { HttpSettings } from './settings.ts'

/** Lines of the audit chain that travel together. */
const linesTogether = 100
const from = positiveInteger('number of the first record; default 1')

export interface DownloadParts {
  readonly useCases: UseCases
  readonly log: Log
  readonly settings: Pick<HttpSettings, 'downloadsMax'>
}

export function addDownloadRoutes(server: Server, { useCases, log, settings }: DownloadParts): void {
  const downloads = new Downloads(log, settings.downloadsMax)

  server.get<{ Params: { readonly id: string } }>(
    '/v1/operations/:id/export.csv',
    {
      config: {
        document: {
          name: 'operation-export',
          summary: 'All devices of an ended operation as CSV; 409 while it runs',
          role: 'viewer',
          answer: fileAnswer('text/csv', 'RFC 4180, formula-safe, with a byte order mark'),
        },
      },
    },
    async (request, reply) => {
      const by = principalOf(request)
      readQuery(request.query, [])
      const { id } = request.params
      return downloads.sent(request, reply, async () => {
        const rows = await useCases.exportOperation(by, id)
        reply.type('text/csv; charset=utf-8; header=present').header('content-disposition', attachment(`${id}.csv`))
        return rows
      })
    },
  )

  server.get<{ Params: { readonly id: string; readonly device: string } }>(
    '/v1/operations/:id/backups/:device',
    {
      config: {
        document: {
          name: 'operation-backup',
          summary: 'The configuration that a device sent in an operation, byte for byte',
          role: 'operator',
          answer: fileAnswer('application/octet-stream', 'With Content-Digest, and its version in drover-version'),
        },
      },
    },
    async (request, reply) => {
      readQuery(request.query, [])
      const { id, device } = request.params
      const { view, content } = await useCases.readBackup(principalOf(request), id, device)
      const digest = `sha-256=:${createHash('sha256').update(content).digest('base64')}:`
      // RFC 9530; nothing is encoded here, so the two are one.
      return reply
        .headers({ 'content-digest': digest, 'repr-digest': digest })
        .headers({ 'drover-sha256': view.sha256, 'drover-version': encodeURIComponent(view.version) })
        .header('content-disposition', attachment(`${view.device}-${view.operation}.bin`))
        .type('application/octet-stream')
        .send(Buffer.from(content))
    },
  )

  server.get<{ Params: { readonly id: string } }>(
    '/v1/device-logs/:id',
    {
      config: {
        document: {
          name: 'device-log',
          summary: 'What a device had logged when it failed; the id is `device_log_id` of the event that told it',
          role: 'viewer',
          answer: fileAnswer(
            'text/plain',
            'UTF-8, one JSON object a line; drover-cut says whether older lines are gone',
          ),
        },
      },
    },
    async (request, reply) => {
      readQuery(request.query, [])
      const { view, text } = await useCases.readDeviceLog(principalOf(request), request.params.id)
      return (
        reply
          .headers({ 'drover-device': view.device, 'drover-operation': view.operation })
          .headers({ 'drover-attempt': String(view.attempt), 'drover-cut': String(view.cut) })
          // Text of a device in a browser is text.
          .header('x-content-type-options', 'nosniff')
          .header('content-disposition', attachment(`${view.device}-${view.operation}-${view.attempt}.log`))
          .type('text/plain; charset=utf-8')
          .send(text)
      )
    },
  )

  server.get(
    '/v1/audit/export',
    {
      config: {
        document: {
          name: 'audit-export',
          summary: 'The audit chain as a file for `drover audit verify`',
          role: 'admin',
          query: { from: Type.Optional(from.schema) },
          answer: fileAnswer('application/jsonl', 'A record a line in canonical JSON, then the head'),
        },
      },
    },
    async (request, reply) => {
      const by = principalOf(request)
      const text = readQuery(request.query, ['from']).get('from')
      const first = text === undefined ? 1 : from.read(text, 'from')
      return downloads.sent(request, reply, async () => {
        const head = await useCases.auditHead(by)
        if (first > head.number + 1)
          throw new RequestRefused('INVALID', `The audit chain ends at ${head.number}.`, [
            { name: 'from', message: `must be at most ${head.number + 1}` },
          ])
        const records = await useCases.exportAudit(by, { from: first })
        reply.type('application/jsonl').header('content-disposition', attachment('audit.jsonl'))
        return auditLines(records, first, head)
      })
    },
  )
}

/** As proto/audit.ts describes the file. `head` is looked at only where there is no record. */
export async function* auditLines(
  records: AsyncIterable<AuditRecord>,
  first: number,
  head: AuditHead,
): AsyncGenerator<Uint8Array, void, undefined> {
  let lines: string[] = []
  let last: AuditHead | undefined
  const begin = (hash: string): void => {
    if (first > 1) lines.push(auditText({ from: { number: first - 1, hash } }))
  }
  for await (const record of records) {
    if (last === undefined) begin(record.previous)
    lines.push(auditText(record as AuditRecord & AuditLine))
    last = { number: record.number, hash: record.hash }
    if (lines.length < linesTogether) continue
    yield Buffer.from(`${lines.join('\n')}\n`)
    lines = []
  }
  if (last === undefined) begin(head.hash)
  lines.push(auditText({ head: last ?? head }))
  yield Buffer.from(`${lines.join('\n')}\n`)
}

class Downloads {
  readonly #log: Log
  readonly #gate: Gate

  constructor(log: Log, most: number) {
    this.#log = log
    this.#gate = new Gate('downloads', most)
  }

  async sent(
    request: FastifyRequest,
    reply: FastifyReply,
    begin: () => Promise<AsyncIterable<Uint8Array>>,
  ): Promise<FastifyReply> {
    const leave = this.#gate.enter()
    try {
      const stream = Readable.from(await begin(), { objectMode: false, highWaterMark: 64 * 1024 })
      stream.once('close', leave)
      stream.once('error', error =>
        // The client sees a body that breaks off: it cannot take it for whole.
        this.#log.warn({ event: 'download-failed', requestId: request.id, err: error }, 'a download broke off'),
      )
      return reply.send(stream)
    } catch (error) {
      leave()
      throw error
    }
  }
}

function fileAnswer(type: string, description: string): RouteDocument['answer'] {
  return { status: 200, description, content: { type, schema: Type.String() } }
}

/** Ids and names of ours need no quoting. */
function attachment(name: string): string {
  return `attachment; filename="${name.replace(/[^A-Za-z0-9._-]/g, '_')}"`
}
