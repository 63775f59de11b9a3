// Who may give commands, what was done, and who is told.
import {
  AuditHead,
  AuditView,
  PrincipalAnswer,
  PrincipalEdit,
  PrincipalRequest,
  PrincipalView,
  WebhookAnswer,
  WebhookRequest,
  WebhookView,
} from '../../proto/http-admin.ts'
import { ListingOf } from '../../proto/http-api.ts'
import { AuditVerification } from '../../proto/http-console.ts'
import { oneOf, paging, text } from './parameters.ts'
import { type Verb, verb } from './verb.ts'

export const administrationVerbs: readonly Verb[] = [
  verb({
    name: 'principal-create',
    summary: 'A person or service that may give commands',
    role: 'admin',
    http: ['POST', '/v1/principals', 201],
    body: PrincipalRequest,
    answer: PrincipalAnswer,
    perform: (useCases, by, { body }) => useCases.createPrincipal(by, body),
  }),
  verb({
    name: 'principal-list',
    summary: 'All principals, in one list',
    role: 'admin',
    http: ['GET', '/v1/principals'],
    answer: ListingOf(PrincipalView),
    perform: (useCases, by) => useCases.listPrincipals(by),
  }),
  verb({
    name: 'principal-edit',
    summary: 'Another role',
    role: 'admin',
    http: ['PATCH', '/v1/principals/:name'],
    body: PrincipalEdit,
    answer: PrincipalView,
    perform: (useCases, by, { path, body }) => useCases.editPrincipal(by, path.name, body),
  }),
  verb({
    name: 'principal-renew-token',
    summary: 'A new token instead of the old one',
    role: 'admin',
    http: ['POST', '/v1/principals/:name/token'],
    answer: PrincipalAnswer,
    perform: (useCases, by, { path }) => useCases.renewPrincipalToken(by, path.name),
  }),
  verb({
    name: 'principal-delete',
    summary: 'Takes a principal and his token away',
    role: 'admin',
    http: ['DELETE', '/v1/principals/:name'],
    perform: (useCases, by, { path }) => useCases.deletePrincipal(by, path.name),
  }),
  verb({
    name: 'audit-list',
    summary: 'The audit records',
    role: 'viewer',
    http: ['GET', '/v1/audit'],
    query: {
      ...paging,
      order: oneOf(['ASC', 'DESC'], 'by number'),
      operation: text(64, 'only records of this operation'),
    },
    answer: ListingOf(AuditView),
    perform: (useCases, by, { query }) => useCases.listAudit(by, query),
  }),
  verb({
    name: 'audit-head',
    summary: 'Number and hash of the last audit record',
    role: 'viewer',
    http: ['GET', '/v1/audit/head'],
    answer: AuditHead,
    perform: (useCases, by) => useCases.auditHead(by),
  }),
  verb({
    name: 'audit-verification',
    summary: 'Whether the audit chain holds, as the broker itself finds it in the background',
    role: 'viewer',
    http: ['GET', '/v1/audit/verification'],
    answer: AuditVerification,
    perform: (useCases, by) => useCases.auditVerification(by),
  }),
  verb({
    name: 'webhook-create',
    summary: 'Tells an address when operations pause, abort or end',
    role: 'admin',
    http: ['POST', '/v1/webhooks', 201],
    body: WebhookRequest,
    answer: WebhookAnswer,
    perform: (useCases, by, { body }) => useCases.createWebhook(by, body),
  }),
  verb({
    name: 'webhook-list',
    summary: 'All webhooks, in one list',
    role: 'admin',
    http: ['GET', '/v1/webhooks'],
    answer: ListingOf(WebhookView),
    perform: (useCases, by) => useCases.listWebhooks(by),
  }),
  verb({
    name: 'webhook-delete',
    summary: 'Takes a webhook away',
    role: 'admin',
    http: ['DELETE', '/v1/webhooks/:id'],
    perform: (useCases, by, { path }) => useCases.deleteWebhook(by, path.id),
  }),
]
