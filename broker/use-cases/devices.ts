// Devices: first credentials, what the registry knows and what people write there, and the way out of it.
import type { DeviceEdit, DeviceView, EnrollAnswer } from '../../proto/http-api.ts'
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import { attributesMax, type Device, released, tagsMax, withoutReportKey } from '../core/device.ts'
import { filterIds, matches, parseTargetFilter, prefilterOf, type TargetFilter } from '../core/target-filter.ts'
import { RequestRefused } from '../errors.ts'
import { registryPage } from '../orchestrator/registry-page.ts'
import type { Page } from '../ports.ts'
import { deviceView, listing, reportKeyId } from '../views.ts'
import { requireRole } from './access.ts'
import { auditOf, patchOf } from './audit.ts'
import { bootstrapped, refuseNameOfPrincipal } from './credentials.ts'
import type { Dependencies } from './dependencies.ts'
import { indexedPage } from './indexed-page.ts'
import { parsedId, parsedPage } from './parsing.ts'
import { newSecret, secretSha256 } from './secrets.ts'
import type { Caller, UseCases } from './use-cases.ts'

/** Rows of the registry one filtered page may look at. */
const rowsMax = 10_000
/** Of one read: decoding them holds the event loop for a few milliseconds. */
const rowsAtOnce = 200

export function deviceUseCases({
  store,
  orchestrator,
  clock,
  random,
  isOnline,
  naming,
  answers,
  reports,
}: Dependencies): Pick<
  UseCases,
  | 'enrollDevice'
  | 'listDevices'
  | 'showDevice'
  | 'editDevice'
  | 'deregisterDevice'
  | 'releaseDevice'
  | 'forgetReportKey'
  | 'renewDeviceSecret'
> {
  const enroll = async (device: DeviceId, by: Caller): Promise<EnrollAnswer> => {
    if ((await store.credential(device)) !== undefined)
      throw new RequestRefused('CONFLICT', `device ${device} has credentials already`, [
        { name: 'device', message: 'is enrolled already' },
      ])
    await refuseNameOfPrincipal(store, device)
    const secret = newSecret(random)
    const at = clock.now()
    const logged = await store.commit([
      {
        kind: 'put-credential',
        credential: { device, secretSha256: secretSha256(secret), createdAt: at, createdBy: by.name },
      },
      bootstrapped(device, at),
      auditOf(by, at, { action: 'device.enroll', subject: device }),
    ])
    orchestrator.live.events(logged)
    return { device, secret }
  }
  const page = async (
    filter: TargetFilter,
    { after, limit }: { readonly after?: DeviceId; readonly limit: number },
  ): Promise<Page<Device> & { readonly next?: DeviceId }> => {
    const items: Device[] = []
    const wanted = (device: Device) => matches(filter, device, { now: clock.now(), online: isOnline(device.id) })
    const prefilter = filterIds(filter) === undefined ? prefilterOf(filter) : undefined
    let position = after
    for (let looked = 0; looked < rowsMax; ) {
      const most = Math.min(rowsAtOnce, limit + 1 - items.length)
      const found =
        prefilter !== undefined && reports.index.complete
          ? await indexedPage(reports.index, { store, clock }, prefilter, { after: position, limit: most })
          : await registryPage(store, filter, { after: position, limit: rowsAtOnce })
      for (const device of found.items) {
        if (!wanted(device)) continue
        // One more than fits: there is a following page, and it begins behind the last one shown.
        if (items.length === limit) return { items, hasMore: true, next: (items.at(-1) as Device).id }
        items.push(device)
      }
      position = found.upTo
      looked += Math.max(1, found.items.length)
      if (!found.hasMore) return { items, hasMore: false }
    }
    return { items, hasMore: true, ...(position === undefined ? {} : { next: position }) }
  }
  return {
    async enrollDevice(by, request): Promise<EnrollAnswer> {
      requireRole(by, 'operator')
      const device = parsedId(deviceId, request.device, 'device')
      return naming(() => enroll(device, by))
    },

    async listDevices(by, request) {
      requireRole(by, 'viewer')
      const asked = parsedPage(request, deviceId)
      const view = (device: Device) => deviceView(device.id, device, isOnline(device.id))
      if (request.filter === undefined) return listing(await store.devices(asked), view, asked)
      const found = await page(parsedFilter(request.filter), asked)
      // Not before: built beside a walk it would take as long again. Who asks once asks again.
      reports.index.want()
      return { ...listing(found, view, asked), ...(found.next === undefined ? {} : { next: found.next }) }
    },

    async showDevice(by, text): Promise<DeviceView> {
      requireRole(by, 'viewer')
      const id = parsedId(deviceId, text, 'id')
      const [device, credential] = await Promise.all([store.device(id), store.credential(id)])
      if (device === undefined && credential === undefined) throw new RequestRefused('NOT_FOUND', `no device ${id}`)
      return deviceView(id, device, isOnline(id))
    },

    async editDevice(by, text, request): Promise<DeviceView> {
      requireRole(by, 'operator')
      const id = parsedId(deviceId, text, 'id')
      return answers.once(by, 'device-edit', { id, request }, async keep => {
        const device = await orchestrator.editDevice(
          id,
          before => edited(before, request),
          (before, after) => [
            auditOf(by, clock.now(), {
              action: 'device.edit',
              subject: id,
              changes: patchOf(editable(before), editable(after)),
            }),
            ...keep(deviceView(id, after, isOnline(id))),
          ],
        )
        return deviceView(id, device, isOnline(id))
      })
    },

    async deregisterDevice(by, text): Promise<void> {
      requireRole(by, 'operator')
      const id = parsedId(deviceId, text, 'id')
      await answers.once(by, 'device-deregister', { id }, async keep => {
        await orchestrator.deregisterDevice(id, [
          auditOf(by, clock.now(), { action: 'device.deregister', subject: id }),
          ...keep({}),
        ])
        return {}
      })
    },

    async releaseDevice(by, text): Promise<DeviceView> {
      requireRole(by, 'operator')
      const id = parsedId(deviceId, text, 'id')
      const device = await orchestrator.editDevice(
        id,
        before => {
          if (before.quarantinedAt === undefined) throw new RequestRefused('CONFLICT', `${id} is not quarantined`)
          return released(before)
        },
        () => [auditOf(by, clock.now(), { action: 'device.release', subject: id })],
      )
      return deviceView(id, device, isOnline(id))
    },

    async forgetReportKey(by, text): Promise<DeviceView> {
      requireRole(by, 'admin')
      const id = parsedId(deviceId, text, 'id')
      const device = await orchestrator.editDevice(
        id,
        before => {
          if (before.reportKey === undefined) throw new RequestRefused('CONFLICT', `${id} has said no report key`)
          return withoutReportKey(before)
        },
        before => [
          auditOf(by, clock.now(), {
            action: 'device.forget-report-key',
            subject: id,
            data: { reportKey: reportKeyId(before.reportKey ?? '') },
          }),
        ],
      )
      // It says its key when it comes back.
      orchestrator.disconnect(id, 'report-key-forgotten')
      return deviceView(id, device, isOnline(id))
    },

    async renewDeviceSecret(by, text): Promise<EnrollAnswer> {
      requireRole(by, 'admin')
      const device = parsedId(deviceId, text, 'id')
      return naming(async () => {
        const before = await store.credential(device)
        if (before === undefined) throw new RequestRefused('NOT_FOUND', `device ${device} is not enrolled`)
        if (before.certificates !== undefined)
          throw new RequestRefused('CONFLICT', `device ${device} has a certificate: revoke it first`)
        const secret = newSecret(random)
        await store.commit([
          { kind: 'put-credential', credential: { ...before, secretSha256: secretSha256(secret) } },
          auditOf(by, clock.now(), { action: 'device.renew-secret', subject: device }),
        ])
        orchestrator.disconnect(device, 'secret-renewed')
        return { device, secret }
      })
    },
  }
}

function edited(before: Device, { group, tags, attributes }: DeviceEdit): Device {
  const { group: oldGroup, ...rest } = before
  const nextGroup = group === undefined ? oldGroup : (group ?? undefined)
  const removed = new Set(tags?.remove)
  const nextTags = [...new Set([...(before.tags ?? []), ...(tags?.add ?? [])])].filter(tag => !removed.has(tag)).sort()
  const nextAttributes = Object.fromEntries(
    Object.entries({ ...before.attributes, ...attributes }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    ),
  )
  if (nextTags.length > tagsMax) throw tooMany('tags', tagsMax)
  if (Object.keys(nextAttributes).length > attributesMax) throw tooMany('attributes', attributesMax)
  return {
    ...rest,
    ...(nextGroup === undefined ? {} : { group: nextGroup }),
    tags: nextTags,
    attributes: nextAttributes,
  }
}

function editable({ group, tags = [], attributes = {} }: Device): Readonly<Record<string, unknown>> {
  return { group, tags, attributes }
}

function tooMany(name: string, most: number): RequestRefused {
  return new RequestRefused('INVALID', `${name}: a device has at most ${most}`, [
    { name, message: `a device has at most ${most}` },
  ])
}

/** Throws RequestRefused INVALID naming each parameter that cannot be used. */
export function parsedFilter(text: string): TargetFilter {
  const parsed = parseTargetFilter(text)
  if (!('problems' in parsed)) return parsed.filter
  const named = parsed.problems.map(({ name, message }) => `${name} ${message}`).slice(0, 3)
  throw new RequestRefused('INVALID', `The filter is not valid: ${named.join('; ')}.`, parsed.problems)
}
