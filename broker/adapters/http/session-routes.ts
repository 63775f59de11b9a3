// Signing in and out: a token once, and from then on a cookie that the browser keeps to itself.
import Type from 'typebox'
import { SessionRequest, SessionView } from '../../../proto/http-console.ts'
import type { Principal } from '../../core/records.ts'
import type { TokenGate } from './authentication.ts'
import { readQuery } from './query.ts'
import { inJson, json } from './route-document.ts'
import { mustBeOwnSite } from './same-origin.ts'
import { answers, principalOf, type Server } from './server.ts'
import type { SessionCookie } from './session-cookie.ts'
import { type OpenSession, type Sessions, sessionKey } from './sessions.ts'
import type { HttpSettings } from './settings.ts'
import { mustBeEmpty } from './table-routes.ts'

const address = '/v1/session'
const consoleHeader = {
  'x-drover-console': Type.Optional(
    Type.String({ description: 'must be 1 in every request by cookie that is not GET or HEAD' }),
  ),
}

export interface SessionRouteParts {
  readonly gate: TokenGate
  readonly sessions: Sessions
  readonly cookie: SessionCookie
  readonly settings: Pick<HttpSettings, 'sessionMs'>
}

export function addSessionRoutes(server: Server, { gate, sessions, cookie, settings }: SessionRouteParts): void {
  server.post(
    address,
    {
      config: {
        open: true,
        document: {
          name: 'session-create',
          summary: 'Signs a browser in: the answer sets a cookie',
          body: { type: json, schema: SessionRequest },
          answer: inJson(201, 'Signed in', SessionView),
        },
      },
      schema: { body: SessionRequest, ...answers(201, SessionView) },
    },
    async (request, reply) => {
      // Or another site could sign somebody in as somebody else, and read along.
      mustBeOwnSite(request)
      readQuery(request.query, [])
      const { token } = request.body as SessionRequest
      const principal = await gate.admitToken(request.ip, token)
      request.principal = principal
      const before = cookie.read(request.headers.cookie)
      if (before !== undefined) sessions.end(sessionKey(before))
      const { value, session } = sessions.open(principal)
      const overTls = request.headers.origin?.startsWith('https:') === true
      const seconds = Math.ceil(settings.sessionMs / 1000)
      return reply
        .code(201)
        .header('set-cookie', cookie.set(value, seconds, overTls))
        .send(view(principal, session) as never)
    },
  )

  server.get(
    address,
    {
      config: {
        document: {
          name: 'session-show',
          summary: 'Who asks, by cookie or by token',
          role: 'viewer',
          answer: inJson(200, 'Who asks', SessionView),
        },
      },
      schema: answers(200, SessionView),
    },
    async (request, reply) => {
      readQuery(request.query, [])
      return reply.send(view(principalOf(request), request.session) as never)
    },
  )

  server.delete(
    address,
    {
      config: {
        document: {
          name: 'session-delete',
          summary: 'Ends the session that the request came in by; a token stays good',
          role: 'viewer',
          headers: consoleHeader,
          answer: { status: 204, description: 'Signed out' },
        },
      },
    },
    async (request, reply) => {
      readQuery(request.query, [])
      mustBeEmpty(request.body)
      if (request.session !== undefined) {
        sessions.end(request.session.key)
        reply.header('set-cookie', cookie.clear())
      }
      return reply.code(204).send()
    },
  )
}

function view({ name, role }: Principal, session: OpenSession | undefined): SessionView {
  return { name, role, expiresAt: session === undefined ? null : new Date(session.expiresAt).toISOString() }
}
