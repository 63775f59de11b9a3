// Webhooks: who is told when an operation pauses, aborts or ends. Delivering is broker/webhooks' business.
import type { WebhookAnswer, WebhookView } from '../../proto/http-admin.ts'
import type { Listing } from '../../proto/http-api.ts'
import type { Webhook } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import { webhookView } from '../views.ts'
import { requireRole } from './access.ts'
import { auditOf } from './audit.ts'
import type { Dependencies } from './dependencies.ts'
import { newSecret } from './secrets.ts'
import type { UseCases } from './use-cases.ts'

const webhooksMax = 32

export function webhookUseCases({
  store,
  orchestrator,
  clock,
  random,
  naming,
  webhookProblem,
}: Dependencies): Pick<UseCases, 'createWebhook' | 'listWebhooks' | 'deleteWebhook'> {
  return {
    async createWebhook(by, request): Promise<WebhookAnswer> {
      requireRole(by, 'admin')
      const problem = webhookProblem(request.url)
      if (problem !== undefined)
        throw new RequestRefused('INVALID', `url: ${problem}`, [{ name: 'url', message: problem }])
      return naming(async () => {
        if ((await store.webhooks()).length >= webhooksMax)
          throw new RequestRefused('CONFLICT', `there are ${webhooksMax} webhooks already`)
        const webhook: Webhook = {
          id: random.bytes(8).toString('hex'),
          url: request.url,
          secret: newSecret(random),
          events: request.events,
          createdAt: clock.now(),
          createdBy: by.name,
        }
        await store.commit([
          { kind: 'put-webhook', webhook },
          auditOf(by, clock.now(), {
            action: 'webhook.create',
            subject: webhook.id,
            data: { host: new URL(webhook.url).host, events: webhook.events },
          }),
        ])
        orchestrator.putWebhook(webhook)
        return { ...webhookView(webhook), secret: webhook.secret }
      })
    },

    async listWebhooks(by): Promise<Listing<WebhookView>> {
      requireRole(by, 'admin')
      const webhooks = await store.webhooks()
      return {
        object: 'list',
        data: webhooks.map(webhookView),
        limit: webhooks.length,
        after: null,
        has_more: false,
      }
    },

    async deleteWebhook(by, id): Promise<void> {
      requireRole(by, 'admin')
      await naming(async () => {
        if ((await store.webhooks()).every(webhook => webhook.id !== id))
          throw new RequestRefused('NOT_FOUND', 'no such webhook')
        await store.commit([
          { kind: 'delete-webhook', id },
          auditOf(by, clock.now(), { action: 'webhook.delete', subject: id }),
        ])
        orchestrator.deleteWebhook(id)
      })
    },
  }
}
