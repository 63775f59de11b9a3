// For those who watch the process: /healthz says that it lives, /readyz that it can do its work, /metrics how much.
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

export function addHealthRoutes(
  server: Server,
  health: () => HealthReport | Promise<HealthReport>,
  metrics: (() => Promise<MetricsPage>) | undefined,
): void {
  server.get('/healthz', { config: { open: true } }, async () => ({ status: 'ok' }))
  server.get('/readyz', { config: { open: true } }, async (_request, reply) => {
    const { ready, checks } = await health()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not-ready', checks })
  })
  // Counts tell a lot about a fleet: the scraper brings a token.
  if (metrics !== undefined)
    server.get('/metrics', async (_request, reply) => {
      const { contentType, body } = await metrics()
      return reply.type(contentType).send(body)
    })
}
