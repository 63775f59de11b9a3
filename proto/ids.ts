// Identities of the contract. Each is a branded string or number made only here, at the border, from text that has been
// checked; inside the code an identity is trusted. All ids can stand alone as one MQTT topic level, one path segment
// and one part of a database key.

export type Branded<T, Name extends string> = T & { readonly __brand: Name }

/** One MQTT topic level and the MQTT client id of the device; `^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`. */
export type DeviceId = Branded<string, 'DeviceId'>
/** Made by the broker: time-ordered, 26 characters of `0-9a-z`. */
export type OperationId = Branded<string, 'OperationId'>
/** Lower-case hex SHA-256 of the payload bytes. */
export type ArtifactId = Branded<string, 'ArtifactId'>
/** `<component>@<version>+<first 16 hex digits of the installed digest>`; derived, never drawn. */
export type ReleaseId = Branded<string, 'ReleaseId'>
/** Name of a person or service that may give commands; the MQTT user name and client-id prefix of operators. */
export type PrincipalName = Branded<string, 'PrincipalName'>
/** 32 hex digits: the zero-padded number of the event in the broker's log. Sorts as the log does. */
export type EventId = Branded<string, 'EventId'>

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/

/** The name of an updatable part as manifests and hellos carry it; its length is a setting of the device. */
export function isComponentName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) && !isReservedName(text)
}

/** The name of an operation type, built in or registered by a plugin. */
export function isOperationType(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,31}$/.test(text) && !isReservedName(text)
}

const reservedLengthMax = Math.max(...Object.getOwnPropertyNames(Object.prototype).map(name => name.length))

/** A name every object already has (`constructor`, `toString`): no id of ours, so that no careless look-up finds it. */
export function isReservedName(text: string): boolean {
  return text.length <= reservedLengthMax && text in Object.prototype
}

/** Throws RangeError if `text` could not stand alone as one topic level of 1..64 harmless characters. */
export function deviceId(text: string): DeviceId {
  return parse(text, namePattern, 'device id', '1 to 64 of A-Z a-z 0-9 . _ : -, beginning with a letter or digit')
}

export function principalName(text: string): PrincipalName {
  return parse(text, namePattern, 'principal name', '1 to 64 of A-Z a-z 0-9 . _ : -, beginning with a letter or digit')
}

export function operationId(text: string): OperationId {
  return parse(text, /^[0-9a-z]{26}$/, 'operation id', '26 of 0-9 a-z')
}

export function artifactId(text: string): ArtifactId {
  return parse(text, /^[0-9a-f]{64}$/, 'artifact id', '64 lower-case hex digits')
}

export function releaseId(text: string): ReleaseId {
  return parse(
    text,
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}@\d{1,3}\.\d{1,3}\.\d{1,3}\+[0-9a-f]{16}$/,
    'release id',
    'component@1.2.3+16 hex',
  )
}

export function eventId(text: string): EventId {
  return parse(text, /^0{18}[01][0-9a-f]{13}$/, 'event id', '32 lower-case hex digits, a number below 2^53')
}

/** The release a manifest belongs to. `installedSha256` in lower-case hex. */
export function releaseIdOf(component: string, version: string, installedSha256: string): ReleaseId {
  return releaseId(`${component}@${version}+${installedSha256.slice(0, 16)}`)
}

/** `number` counts from 1 and stays below 2^53. */
export function eventIdOf(number: number): EventId {
  return number.toString(16).padStart(32, '0') as EventId
}

/** The number inside an event id, for paging. */
export function eventNumberOf(id: EventId): number {
  return Number.parseInt(id, 16)
}

function parse<Name extends string>(
  text: string,
  pattern: RegExp,
  what: string,
  expected: string,
): Branded<string, Name> {
  if (typeof text !== 'string' || !pattern.test(text) || isReservedName(text)) {
    throw new RangeError(`${what}: expected ${expected}, got ${JSON.stringify(text)?.slice(0, 80)}`)
  }
  return text as Branded<string, Name>
}
