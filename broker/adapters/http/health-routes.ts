// For those who watch the process: /healthz says that it lives, /readyz that it can do its work, /metrics how much.
import Type from 'typebox'
import { inJson, type RouteDocument } from './route-document.ts'
import type { Server } from './server.ts'

export interface HealthReport {
  readonly ready: boolean
  /** What was looked at, in words: `{ store: 'ok', mqtt: 'not listening' }`. */
  readonly checks: Readonly<Record<string, string>>
}

export interface MetricsPage {
  readonly contentType: string
  readonly body: string
}

const Health = Type.Object({
  status: Type.String(),
  checks: Type.Optional(Type.Record(Type.String(), Type.String())),
})
const metricsDocument: RouteDocument = {
  name: 'health-metrics',
  summary: 'Counts for Prometheus',
  role: 'viewer',
  answer: { status: 200, description: 'Text format', content: { type: 'text/plain', schema: Type.String() } },
}

export function addHealthRoutes(
  server: Server,
  health: () => HealthReport | Promise<HealthReport>,
  metrics: (() => Promise<MetricsPage>) | undefined,
): void {
  const alive = { name: 'health-alive', summary: 'The process lives', answer: inJson(200, 'It does', Health) }
  server.get('/healthz', { config: { open: true, document: alive } }, async () => ({ status: 'ok' }))
  const ready = {
    name: 'health-ready',
    summary: 'The broker can do its work; else 503',
    answer: inJson(200, 'It can', Health),
  }
  server.get('/readyz', { config: { open: true, document: ready } }, async (_request, reply) => {
    const found = await health()
    return reply.code(found.ready ? 200 : 503).send({ status: found.ready ? 'ok' : 'not-ready', checks: found.checks })
  })
  // Counts tell a lot about a fleet: the scraper brings a token.
  if (metrics !== undefined)
    server.get('/metrics', { config: { document: metricsDocument } }, async (_request, reply) => {
      const { contentType, body } = await metrics()
      return reply.type(contentType).send(body)
    })
}
