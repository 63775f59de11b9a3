// Use cases that only remember what they were asked, and answer with a value of the documented schema: everything
// optional is there, so that what a door loses on the way shows.
import { createHash } from 'node:crypto'
import type { TSchema } from 'typebox'
import type { Principal, PrincipalRole } from '../../../../broker/core/records.ts'
import type { Caller, UseCases } from '../../../../broker/use-cases/use-cases.ts'
import * as admin from '../../../../proto/http-admin.ts'
import * as api from '../../../../proto/http-api.ts'
import * as certificates from '../../../../proto/http-certificates.ts'
import * as fleet from '../../../../proto/http-console.ts'
import { principalName } from '../../../../proto/ids.ts'

export interface Call {
  readonly name: string
  readonly by: Caller
  readonly args: readonly unknown[]
}
export interface Scripted {
  readonly useCases: UseCases
  readonly calls: Call[]
}

export const roles: readonly PrincipalRole[] = ['viewer', 'operator', 'approver', 'admin']
export const principals: readonly Principal[] = roles.map(role => ({
  name: principalName(`the-${role}`),
  role,
  tokenSha256: createHash('sha256').update(`token-of-${role}`).digest('hex'),
  createdAt: 0,
}))
export const tokenOf = (role: PrincipalRole): string => `token-of-${role}`

const answers: Readonly<Partial<Record<keyof UseCases, TSchema>>> = {
  enrollDevice: api.EnrollAnswer,
  listDevices: api.ListingOf(api.DeviceView),
  showDevice: api.DeviceView,
  editDevice: api.DeviceView,
  releaseDevice: api.DeviceView,
  forgetReportKey: api.DeviceView,
  renewDeviceSecret: api.EnrollAnswer,
  issueEnrolmentToken: certificates.EnrolmentToken,
  certifyDevice: certificates.CertificateAnswer,
  listCertificates: certificates.DeviceCertificates,
  enrollByToken: certificates.CertificateAnswer,
  createPrincipal: admin.PrincipalAnswer,
  listPrincipals: api.ListingOf(admin.PrincipalView),
  editPrincipal: admin.PrincipalView,
  renewPrincipalToken: admin.PrincipalAnswer,
  uploadBundle: api.ReleaseView,
  listReleases: api.ListingOf(api.ReleaseView),
  showRelease: api.ReleaseView,
  planOperation: api.OperationPlan,
  createOperation: api.OperationView,
  importOperation: api.OperationView,
  listOperations: api.ListingOf(api.OperationView),
  showOperation: api.OperationView,
  stopOperation: api.OperationView,
  pauseOperation: api.OperationView,
  resumeOperation: api.OperationView,
  approveOperation: api.OperationView,
  refuseOperation: api.OperationView,
  editOperation: api.OperationView,
  overrideOperation: api.OperationView,
  retryFailed: api.OperationView,
  removeDevice: api.ExecutionView,
  explainDevice: api.Explanation,
  listExecutions: api.ListingOf(api.ExecutionView),
  showExecution: api.ExecutionView,
  listBackups: api.ListingOf(api.BackupView),
  listDeviceLogs: api.ListingOf(api.DeviceLogView),
  listEvents: api.EventListing,
  showEvent: api.EventView,
  listEventCodes: fleet.EventCodeListing,
  listAudit: api.ListingOf(admin.AuditView),
  auditHead: admin.AuditHead,
  auditVerification: fleet.AuditVerification,
  showFleet: fleet.FleetView,
  fleetFailures: fleet.FailureHistory,
  listDeviceOperations: api.ListingOf(fleet.DeviceOperationView),
  createWebhook: admin.WebhookAnswer,
  listWebhooks: api.ListingOf(admin.WebhookView),
}

/** What the use case answers unless a test says otherwise; undefined where it answers nothing. */
export function answerOf(name: string): unknown {
  const schema = answers[name as keyof UseCases]
  return schema === undefined ? undefined : sampleOf(schema)
}

export function scriptedUseCases(own: Partial<UseCases> = {}): Scripted {
  const calls: Call[] = []
  const useCases = new Proxy({} as UseCases, {
    get(_, name: keyof UseCases) {
      if (name === 'principalOfToken')
        return own.principalOfToken ?? (async (token: string) => principals.find(({ role }) => tokenOf(role) === token))
      if (name === 'principalOfTokenSha256')
        return (
          own.principalOfTokenSha256 ??
          (async (sha256: string) => principals.find(known => known.tokenSha256 === sha256))
        )
      return async (by: Caller, ...args: unknown[]) => {
        calls.push({ name, by, args })
        const perform = own[name] as ((by: Caller, ...args: unknown[]) => unknown) | undefined
        return perform === undefined ? answerOf(name) : perform(by, ...args)
      }
    },
  })
  return { useCases, calls }
}

/** A value of the schema with everything in it that may be left out. */
export function sampleOf(schema: TSchema): unknown {
  const said = schema as TSchema & {
    readonly type?: string
    readonly const?: unknown
    readonly anyOf?: readonly TSchema[]
    readonly items?: TSchema
    readonly properties?: Readonly<Record<string, TSchema>>
    readonly patternProperties?: Readonly<Record<string, TSchema>>
    readonly minimum?: number
  }
  if (said.const !== undefined) return said.const
  if (said.anyOf?.[0] !== undefined) return sampleOf(said.anyOf[0])
  switch (said.type) {
    case 'object': {
      const named = Object.entries(said.properties ?? {}).map(([name, inner]) => [name, sampleOf(inner)] as const)
      const open = Object.values(said.patternProperties ?? {}).map(inner => ['any name: "ü"', sampleOf(inner)] as const)
      return Object.fromEntries([...named, ...open])
    }
    case 'array':
      return said.items === undefined ? [] : [sampleOf(said.items), sampleOf(said.items)]
    case 'string':
      return 'text <b>"ü"</b>'
    case 'integer':
      return Math.max(said.minimum ?? 0, 3)
    case 'number':
      return 1.5
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return { anything: ['at', { all: null }] }
  }
}
