// Vectors of what moves a device's trust on: documents that follow another one, and the signed time of the fleet.
import { EnvelopeError, encodeTrustDocument, parseTrustDocument, type TrustDocument } from '../../proto/envelope.ts'
import { encodeFleetTime, readFleetTime, timestampRoleOf } from '../../proto/fleet-time.ts'
import { successorOf } from '../../proto/trust.ts'
import { keys, signed, type TestKey, trustDocument } from './test-keys.ts'
import { base64, bytesOf, type Json, type VectorCase, type VectorFile } from './vector-file.ts'

const first = trustDocument([keys.release], 1)
const id = (key: TestKey): string => key.trusted.keyId
/** Another root, another release key, version 2. */
const second: TrustDocument = {
  ...trustDocument([keys.second], 1),
  version: 2,
  keys: new Map([keys.stranger, keys.second, keys.operations].map(key => [id(key), key.trusted])),
  roles: new Map([
    ...trustDocument([keys.second], 1).roles,
    ['root', { name: 'root', keyIds: [id(keys.stranger)], threshold: 1 }],
  ]),
}
const document = (trust: TrustDocument, ...signers: readonly TestKey[]): Buffer =>
  signed('trust', encodeTrustDocument(trust), ...signers)
const refused = (reason: string): Json => ({ refused: reason })

const successors: readonly [name: string, about: string, bytes: Uint8Array, expect: Json][] = [
  [
    'new keys',
    'Another root, signed by the old one and by itself.',
    document(second, keys.root, keys.stranger),
    { version: 2 },
  ],
  [
    'same root',
    'Signed once: it is the old root and the new one.',
    document({ ...first, version: 2 }, keys.root),
    { version: 2 },
  ],
  [
    'new epoch',
    'Counters of before hold nothing back.',
    document({ ...first, version: 2, releaseEpoch: 1 }, keys.root),
    { version: 2, releaseEpoch: 1 },
  ],
  [
    'out of date',
    'Not judged on the way.',
    document({ ...first, version: 2, expiresAt: 1 }, keys.root),
    { version: 2 },
  ],
  ['the same version', 'Known already.', document(first, keys.root), refused('not-newer')],
  [
    'one left out',
    'Version 3 does not follow version 1.',
    document({ ...first, version: 3 }, keys.root),
    refused('version-gap'),
  ],
  ['new root alone', 'The old one did not agree.', document(second, keys.stranger), refused('previous-root')],
  ['old root alone', 'The new one did not agree.', document(second, keys.root), refused('unknown-key')],
  [
    'signed as a manifest',
    'Another kind of statement.',
    signed('manifest', encodeTrustDocument({ ...first, version: 2 }), keys.root),
    refused('bad-signature'),
  ],
]

const timed: TrustDocument = {
  ...first,
  keys: new Map([...first.keys, [id(keys.stranger), keys.stranger.trusted]]),
  roles: new Map([...first.roles, ['timestamp', { name: 'timestamp', keyIds: [id(keys.stranger)], threshold: 1 }]]),
}
const time = { issuedAt: 1_800_000_000_000, expiresAt: 1_800_086_400_000, trustVersion: 1 }
const timeOf = (changes: object = {}, signer: TestKey = keys.stranger, kind: 'time' | 'command' = 'time'): Buffer =>
  signed(kind, encodeFleetTime({ ...time, ...changes }), signer)
const times: readonly [name: string, about: string, bytes: Uint8Array, expect: Json][] = [
  ['a day', 'Signed by the role timestamp.', timeOf(), { time }],
  ['of a release key', 'Another role.', timeOf({}, keys.release), refused('unknown-key')],
  ['of the root', 'Another role.', timeOf({}, keys.root), refused('unknown-key')],
  ['signed as a command', 'Another kind of statement.', timeOf({}, keys.stranger, 'command'), refused('bad-signature')],
  [
    'over before it began',
    'The end must be above the beginning.',
    timeOf({ expiresAt: time.issuedAt }),
    refused('time'),
  ],
]

const rowsOf = (rows: typeof successors): readonly VectorCase[] =>
  rows.map(([name, about, bytes, expect]) => ({ name, about, bytes: base64(bytes), expect }))

export function trustSuccessors(): VectorFile {
  return {
    kind: 'trust-successor',
    about: 'A SignedEnvelope of a TrustDocument, sent to a device that holds `current`.',
    current: base64(document(first, keys.root)),
    cases: rowsOf(successors),
  }
}

export function fleetTimes(): VectorFile {
  return {
    kind: 'fleet-time',
    about: 'A SignedEnvelope of a FleetTime, read by a device that holds `trust`; how fresh it is, is not judged.',
    trust: base64(document(timed, keys.root)),
    cases: rowsOf(times),
  }
}

export function judgeSuccessor(file: VectorFile, vector: VectorCase): Json {
  return reasonOr(() => {
    const { version, releaseEpoch } = successorOf(held(file.current), bytesOf(vector))
    return { version, ...(releaseEpoch === undefined ? {} : { releaseEpoch }) }
  })
}

export function judgeTime(file: VectorFile, vector: VectorCase): Json {
  const trust = held(file.trust)
  const role = timestampRoleOf(trust)
  if (role === undefined) throw new Error('no role timestamp')
  return reasonOr(() => ({ time: { ...readFleetTime(bytesOf(vector), role, trust) } }))
}

function held(bytes: Json | undefined): TrustDocument {
  return parseTrustDocument(Buffer.from(String(bytes), 'base64'))
}

function reasonOr(read: () => Json): Json {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    return refused(error.reason)
  }
}
