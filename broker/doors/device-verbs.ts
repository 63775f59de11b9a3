// Devices, their releases, and what they logged.
import Type from 'typebox'
import {
  DeviceEdit,
  DeviceView,
  EnrollAnswer,
  EnrollRequest,
  EventListing,
  EventView,
  ListingOf,
  ReleaseView,
} from '../../proto/http-api.ts'
import { filterLengthMax } from '../core/event-filter.ts'
import { certificateVerbs } from './certificate-verbs.ts'
import { limit, oneOf, paging, text } from './parameters.ts'
import { addressIn, type Verb, verb } from './verb.ts'

const DeviceListing = Type.Object({
  ...ListingOf(DeviceView).properties,
  next: Type.Optional(Type.String({ description: '`after` of the next page, where a filter left this one short' })),
})

export const deviceVerbs: readonly Verb[] = [
  verb({
    name: 'device-list',
    summary: 'Registered devices by id; with a filter a page may be short',
    role: 'viewer',
    http: ['GET', '/v1/devices'],
    query: { ...paging, filter: text(filterLengthMax, 'conditions field__op=value joined with &') },
    answer: DeviceListing,
    perform: (useCases, by, { query }) => useCases.listDevices(by, query),
  }),
  verb({
    name: 'device-show',
    summary: 'One device',
    role: 'viewer',
    http: ['GET', '/v1/devices/:id'],
    answer: DeviceView,
    perform: (useCases, by, { path }) => useCases.showDevice(by, path.id),
  }),
  verb({
    name: 'device-enroll',
    summary: 'First credentials of a device',
    role: 'operator',
    http: ['POST', '/v1/devices/enroll', 201],
    body: EnrollRequest,
    answer: EnrollAnswer,
    location: ({ device }: EnrollAnswer) => addressIn('/v1/devices', device),
    perform: (useCases, by, { body }) => useCases.enrollDevice(by, body),
  }),
  verb({
    name: 'device-edit',
    summary: 'Group, tags and attributes of a device',
    role: 'operator',
    http: ['PATCH', '/v1/devices/:id'],
    body: DeviceEdit,
    answer: DeviceView,
    perform: (useCases, by, { path, body }) => useCases.editDevice(by, path.id, body),
  }),
  verb({
    name: 'device-deregister',
    summary: 'Out of the registry and of every operation; the credentials are void',
    role: 'operator',
    http: ['DELETE', '/v1/devices/:id'],
    perform: (useCases, by, { path }) => useCases.deregisterDevice(by, path.id),
  }),
  verb({
    name: 'device-release',
    summary: 'Ends the quarantine of a device',
    role: 'operator',
    http: ['POST', '/v1/devices/:id/release'],
    answer: DeviceView,
    perform: (useCases, by, { path }) => useCases.releaseDevice(by, path.id),
  }),
  verb({
    name: 'device-renew-secret',
    summary: 'A new secret instead of the old one',
    role: 'admin',
    http: ['POST', '/v1/devices/:id/secret'],
    answer: EnrollAnswer,
    perform: (useCases, by, { path }) => useCases.renewDeviceSecret(by, path.id),
  }),
  ...certificateVerbs,
  verb({
    name: 'release-list',
    summary: 'Releases by id',
    role: 'viewer',
    http: ['GET', '/v1/releases'],
    query: paging,
    answer: ListingOf(ReleaseView),
    perform: (useCases, by, { query }) => useCases.listReleases(by, query),
  }),
  verb({
    name: 'release-show',
    summary: 'One release',
    role: 'viewer',
    http: ['GET', '/v1/releases/:id'],
    answer: ReleaseView,
    perform: (useCases, by, { path }) => useCases.showRelease(by, path.id),
  }),
  verb({
    name: 'event-list',
    summary: 'The device event log',
    role: 'viewer',
    http: ['GET', '/v3/device-events'],
    query: {
      after: paging.after,
      limit: limit(2),
      order: oneOf(['ASC', 'DESC'], 'by creation; default DESC'),
      device: text(64, 'device id'),
      operation: text(64, 'operation id'),
      code: text(64, 'event code'),
      filter: text(filterLengthMax, 'conditions field__op=value joined with &'),
      include: oneOf(['total_count'], 'also how many events match'),
    },
    answer: EventListing,
    perform: (useCases, by, { query }) => useCases.listEvents(by, query),
  }),
  verb({
    name: 'event-show',
    summary: 'One event',
    role: 'viewer',
    http: ['GET', '/v3/device-events/:id'],
    answer: EventView,
    perform: (useCases, by, { path }) => useCases.showEvent(by, path.id),
  }),
]
