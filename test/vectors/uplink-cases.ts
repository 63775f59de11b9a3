// Rows of the messages that a device sends; what it asks for and its configuration have files of their own.
import * as messages from '../../proto/messages.ts'
import {
  changer,
  digest,
  event,
  hello,
  operation,
  presence,
  progress,
  type Row,
  refused,
  spoiled,
  value,
} from './message-samples.ts'
import { numberField } from './wire.ts'

const helloBytes = messages.encodeHello(hello)
const helloWith = changer('Hello', helloBytes)
const component = { name: 'main', version: '1.9.0', digest: Buffer.from(digest, 'hex') }
const manyComponents = Array.from({ length: 32 }, (_, n) => ({ ...component, name: `c${n}` }))
export const helloRows: readonly Row[] = [
  ['with outbox', 'Two events follow.', helloBytes, value(hello)],
  [
    'with a trust version',
    'Takes what follows it.',
    messages.encodeHello({ ...hello, trustVersion: 3 }),
    value({ ...hello, trustVersion: 3 }),
  ],
  [
    'least',
    'No component, nothing in the outbox, defaults for the rest.',
    helloWith({
      components: [],
      outboxEventCount: 0,
      outboxLastEventNumber: undefined,
      packetBytesMax: undefined,
      agentVersion: undefined,
    }),
    value({ ...hello, components: [], outboxEventCount: 0, outboxLastEventNumber: 0, agentVersion: 'unknown' }),
  ],
  [
    'operation under way',
    'The device is at work already.',
    messages.encodeHello({ ...hello, operation }),
    value({ ...hello, operation }),
  ],
  [
    'largest packet',
    'More than the broker sends is read as what it sends.',
    helloWith({ packetBytesMax: 2 ** 30 }),
    value({ ...hello, packetBytesMax: 262144 }),
  ],
  [
    'takes patches',
    'Of any patch whose frame with its range of the base, twice, fits into 6 MiB.',
    messages.encodeHello({ ...hello, patchMemoryBytes: 6 * 2 ** 20 }),
    value({ ...hello, patchMemoryBytes: 6 * 2 ** 20 }),
  ],
  [
    'patch memory of 2^32',
    'Does not fit and is not cut to 0.',
    Buffer.concat([helloBytes, numberField(12, 2 ** 32)]),
    refused('Hello.patchMemoryBytes'),
  ],
  [
    '32 components',
    'The most there may be.',
    helloWith({ components: manyComponents }),
    value({ ...hello, components: manyComponents.map(({ name, version }) => ({ name, version, digest })) }),
  ],
  [
    'packets of 1024 bytes',
    'The least a device may say.',
    helloWith({ packetBytesMax: 1024 }),
    value({ ...hello, packetBytesMax: 1024 }),
  ],
  [
    'agent version of 64 bytes',
    'The longest.',
    helloWith({ agentVersion: 'é'.repeat(32) }),
    value({ ...hello, agentVersion: 'é'.repeat(32) }),
  ],
  [
    'agent version of 66 bytes',
    'Too long, though it has 33 characters.',
    helloWith({ agentVersion: 'é'.repeat(33) }),
    refused('Hello.agentVersion'),
  ],
  ['agent version empty', 'Present and empty.', helloWith({ agentVersion: '' }), refused('Hello.agentVersion')],
  ['protocol version 2', 'Not ours.', helloWith({ protocolVersion: 2 }), refused('Hello.protocolVersion')],
  ['protocol version absent', 'Required.', helloWith({ protocolVersion: undefined }), refused('Hello.protocolVersion')],
  ['vendor id of 15 bytes', 'Wrong length.', helloWith({ vendorId: new Uint8Array(15) }), refused('Hello.vendorId')],
  ['class id absent', 'Required.', helloWith({ classId: undefined }), refused('Hello.classId')],
  ['boot id of 8 bytes', 'Wrong length.', helloWith({ bootId: new Uint8Array(8) }), refused('Hello.bootId')],
  ['journal id of 16 bytes', 'Wrong length.', helloWith({ journalId: new Uint8Array(16) }), refused('Hello.journalId')],
  [
    '33 components',
    'At most 32.',
    helloWith({ components: Array.from({ length: 33 }, (_, n) => ({ ...component, name: `c${n}` })) }),
    refused('Hello.components'),
  ],
  [
    'component twice',
    'Two versions of one part.',
    helloWith({ components: [component, { ...component, version: '2.0.0' }] }),
    refused('Hello.components'),
  ],
  [
    'component __proto__',
    'Not a name.',
    helloWith({ components: [{ ...component, name: '__proto__' }] }),
    refused('Hello.components.name'),
  ],
  [
    'component version 1.9',
    'Three dotted numbers.',
    helloWith({ components: [{ ...component, version: '1.9' }] }),
    refused('Hello.components.version'),
  ],
  [
    'component digest of 31 bytes',
    'Wrong length.',
    helloWith({ components: [{ ...component, digest: new Uint8Array(31) }] }),
    refused('Hello.components.digest'),
  ],
  [
    'packets of 1023 bytes',
    'A device takes 1024 at least.',
    helloWith({ packetBytesMax: 1023 }),
    refused('Hello.packetBytesMax'),
  ],
  [
    'operation id with a slash',
    'Not an operation id.',
    helloWith({ operationId: 'drover/v1' }),
    refused('Hello.operationId'),
  ],
  [
    'outbox count absent',
    'Absent is not zero.',
    helloWith({ outboxEventCount: undefined }),
    refused('Hello.outboxEventCount'),
  ],
  [
    'protocol version twice',
    'Two readings.',
    Buffer.concat([helloBytes, numberField(1, 1)]),
    refused('Hello.protocolVersion'),
  ],
  ...spoiled('Hello', helloBytes),
]

const eventBytes = messages.encodeEvent(event)
const eventWith = changer('Event', eventBytes)
const stepEvent: messages.DeviceEvent = {
  journalId: event.journalId,
  eventNumber: 1,
  deviceTime: 0,
  content: { kind: 'step', step: 'offered' },
  data: {},
}
const manyData = Array.from({ length: 32 }, (_, n) => ({ name: `n${n}`, value: 'v' }))
export const eventRows: readonly Row[] = [
  [
    'command done',
    'With what came of it.',
    messages.encodeEvent({ ...event, content: { kind: 'step', step: 'done' }, data: { exit_code: '0' } }),
    value({ ...event, content: { kind: 'step', step: 'done' }, data: { exit_code: '0' } }),
  ],
  [
    'command failed',
    'With the reason.',
    messages.encodeEvent({ ...event, content: { kind: 'step', step: 'failed' }, data: { reason: 'timeout' } }),
    value({ ...event, content: { kind: 'step', step: 'failed' }, data: { reason: 'timeout' } }),
  ],
  ['code', 'A failure with its data.', eventBytes, value(event)],
  [
    'success',
    'The only code that is no failure.',
    eventWith({ code: 'UPD2_OK_18', data: [] }),
    value({ ...event, content: { kind: 'code', code: 'UPD2_OK_18' }, data: {} }),
  ],
  ...messages.steps.map(
    (step, number): Row => [
      `step ${step}`,
      'A step is durable and not logged.',
      eventWith({ code: undefined, step: number + 1 }),
      value({ ...event, content: { kind: 'step', step } }),
    ],
  ),
  ['least', 'Outside any operation.', messages.encodeEvent(stepEvent), value(stepEvent)],
  [
    'data without value',
    'Read as empty.',
    eventWith({ data: [{ name: 'reason' }] }),
    value({ ...event, data: { reason: '' } }),
  ],
  [
    'largest number',
    'Below 2^53.',
    eventWith({ eventNumber: Number.MAX_SAFE_INTEGER }),
    value({ ...event, eventNumber: Number.MAX_SAFE_INTEGER }),
  ],
  ['neither code nor step', 'An event says something.', eventWith({ code: undefined }), refused('Event.content')],
  ['code and step', 'One of the two.', Buffer.concat([eventBytes, numberField(7, 1)]), refused('Event.code')],
  ['step 0', 'The unspecified one.', eventWith({ code: undefined, step: 0 }), refused('Event.step')],
  ['step 11', 'Not known.', eventWith({ code: undefined, step: 11 }), refused('Event.step')],
  ['code of the broker', 'A device cannot say SYS_112.', eventWith({ code: 'SYS_112' }), refused('Event.code')],
  ['code UPD4_FAIL_50', 'There is none.', eventWith({ code: 'UPD4_FAIL_50' }), refused('Event.code')],
  ['code constructor', 'A name that objects already have.', eventWith({ code: 'constructor' }), refused('Event.code')],
  ['event number 0', 'Numbers count from 1.', eventWith({ eventNumber: 0 }), refused('Event.eventNumber')],
  ['event number absent', 'Required.', eventWith({ eventNumber: undefined }), refused('Event.eventNumber')],
  [
    'event number 2^53',
    'Too large.',
    Buffer.concat([eventWith({ eventNumber: undefined }), numberField(2, 2n ** 53n)]),
    refused('Event.eventNumber'),
  ],
  ['journal id absent', 'Required.', eventWith({ journalId: undefined }), refused('Event.journalId')],
  [
    'data named __proto__',
    'Not a name.',
    eventWith({ data: [{ name: '__proto__', value: 'x' }] }),
    refused('Event.data.name'),
  ],
  [
    'data named constructor',
    'A name that objects already have.',
    eventWith({ data: [{ name: 'constructor', value: 'x' }] }),
    refused('Event.data.name'),
  ],
  [
    'data named toString',
    'Another one.',
    eventWith({ data: [{ name: 'toString', value: 'x' }] }),
    refused('Event.data.name'),
  ],
  [
    'data name twice',
    'Two readings.',
    eventWith({
      data: [
        { name: 'reason', value: 'a' },
        { name: 'reason', value: 'b' },
      ],
    }),
    refused('Event.data.name'),
  ],
  ['data name absent', 'Required.', eventWith({ data: [{ value: 'a' }] }), refused('Event.data.name')],
  [
    '33 data',
    'At most 32.',
    eventWith({ data: Array.from({ length: 33 }, (_, n) => ({ name: `n${n}`, value: '' })) }),
    refused('Event.data'),
  ],
  [
    '32 data',
    'The most there may be.',
    eventWith({ data: manyData }),
    value({ ...event, data: Object.fromEntries(manyData.map(({ name, value }) => [name, value])) }),
  ],
  [
    'data name of 64 bytes',
    'The longest.',
    eventWith({ data: [{ name: 'n'.repeat(64), value: '' }] }),
    value({ ...event, data: { ['n'.repeat(64)]: '' } }),
  ],
  [
    'data name of 65 bytes',
    'Too long.',
    eventWith({ data: [{ name: 'n'.repeat(65), value: '' }] }),
    refused('Event.data.name'),
  ],
  [
    'component of 32 bytes',
    'The longest name.',
    eventWith({ component: 'm'.repeat(32) }),
    value({ ...event, component: 'm'.repeat(32) }),
  ],
  ['component of 33 bytes', 'Too long.', eventWith({ component: 'm'.repeat(33) }), refused('Event.component')],
  ['digest of 20 bytes', 'Not SHA-256.', eventWith({ digest: new Uint8Array(20) }), refused('Event.digest')],
  ['version v1', 'Three dotted numbers.', eventWith({ version: 'v1' }), refused('Event.version')],
  ['component empty', 'A name has one byte at least.', eventWith({ component: '' }), refused('Event.component')],
  ['operation id too short', '26 characters.', eventWith({ operationId: 'o7' }), refused('Event.operationId')],
  ...spoiled('Event', eventBytes),
]

const progressBytes = messages.encodeProgress(progress)
const byEveryWay: messages.Progress = { ...progress, patchBytes: 1024, patchWireBytes: 200, broadcastBytes: 512 }
const refusing: messages.Progress = {
  imageBytes: 0,
  heldBytes: 0,
  receivedBytes: 0,
  wireBytes: 0,
  refusedOperation: operation,
}
export const progressRows: readonly Row[] = [
  ['downloading', 'A quarter over the wire, half of it held.', progressBytes, value(progress)],
  [
    'by patch and session',
    'What was made by a patch is neither held nor received; what a session brought is received.',
    messages.encodeProgress(byEveryWay),
    value(byEveryWay),
  ],
  [
    'patch bytes of 2^53',
    'Too large.',
    Buffer.concat([progressBytes, numberField(9, 2n ** 53n)]),
    refused('Progress.patchBytes'),
  ],
  ['refuses an offer', 'Because another operation is under way.', messages.encodeProgress(refusing), value(refusing)],
  [
    'empty',
    'Says nothing, lawfully.',
    new Uint8Array(0),
    value({ imageBytes: 0, heldBytes: 0, receivedBytes: 0, wireBytes: 0 }),
  ],
  ['step 11', 'Not known.', changer('Progress', progressBytes)({ step: 11 }), refused('Progress.step')],
  ...spoiled('Progress', progressBytes),
]

const presenceBytes = messages.encodePresence(presence)
export const presenceRows: readonly Row[] = [
  ['online', 'On connect.', presenceBytes, value(presence)],
  [
    'offline',
    'The will. False is present, not absent.',
    messages.encodePresence({ ...presence, online: false }),
    value({ ...presence, online: false }),
  ],
  ['online absent', 'Required.', changer('Presence', presenceBytes)({ online: undefined }), refused('Presence.online')],
  [
    'connection id of 4 bytes',
    'Wrong length.',
    changer('Presence', presenceBytes)({ connectionId: new Uint8Array(4) }),
    refused('Presence.connectionId'),
  ],
  ...spoiled('Presence', presenceBytes),
]
