// The catalogue of every event code: portal text, explanation, corrective action, message types, category and failure
// class. The texts are those that operators know from the documented event log; the condition that must be true before
// a code may be reported is in docs/PROTOCOL.md. Nothing else in the code base spells a code's text.

export type EventType = 'SUCCESS' | 'FAIL' | 'SKIPPED' | 'INFO'

export type EventCategory =
  | 'SUCCESS'
  | 'SKIPPED'
  | 'INFO'
  | 'FAIL_SERVICE'
  | 'FAIL_DEVICE'
  | 'FAIL_NETWORK'
  | 'FAIL_MANIFEST_REJECTED'
  | 'FAIL_PAYLOAD'
  | 'FAIL_STORAGE'
  | 'FAIL_AUTHORIZATION'
  | 'FAIL_INSTALL'
  | 'FAIL_INTERNAL'

/** Who has to act: retries, waves and aborts are decided by it (ROLLOUT-RULES, abort). */
export type FailureClass =
  | 'author'
  | 'security'
  | 'targeting'
  | 'device'
  | 'network'
  | 'state'
  | 'consent'
  | 'image'
  | 'internal'

export interface EventCodeEntry {
  /** What the portal shows. */
  readonly text: string
  readonly explanation: string
  readonly correctiveAction: string
  /** The first is the default. */
  readonly types: readonly [EventType, ...EventType[]]
  readonly category: EventCategory
  /** Absent where the code is no failure, a stop by a person, or a refusal before anything was sent. */
  readonly failureClass?: FailureClass
}

const service = (
  text: string,
  types: readonly [EventType, ...EventType[]],
  category: EventCategory,
  explanation: string,
  correctiveAction: string,
): EventCodeEntry => ({ text, explanation, correctiveAction, types, category })

const failure = (
  category: EventCategory,
  failureClass: FailureClass,
  text: string,
  explanation: string,
  correctiveAction: string,
): EventCodeEntry => ({ text, explanation, correctiveAction, types: ['FAIL'], category, failureClass })

export const eventCodes = {
  SYS_100: {
    ...service(
      'Service error: Device could not be reached.',
      ['FAIL', 'INFO'],
      'FAIL_SERVICE',
      'The device was not reachable when its turn came, or stayed silent past the timeout of the operation.',
      "Check the device's power and connectivity, then start a new operation for it.",
    ),
    failureClass: 'network',
  },
  SYS_101: service(
    'Service error: Device not registered, manifest not sent.',
    ['FAIL'],
    'FAIL_SERVICE',
    'The target is not a registered device: it was never seen here, or it was deregistered.',
    'Check the device id; enroll the device and let it connect once.',
  ),
  SYS_102: service(
    'Service error: Device Vendor ID does not match Manifest Vendor ID.',
    ['FAIL'],
    'FAIL_MANIFEST_REJECTED',
    'The broker compared the vendor id of the device with that of the manifest before sending; nothing was sent.',
    'Check the targets of the operation and the vendor id in the manifest.',
  ),
  SYS_103: service(
    'Campaign was manually stopped. Device not updated.',
    ['FAIL', 'INFO'],
    'FAIL_SERVICE',
    'The operation was stopped before the manifest was handed to the device.',
    'Start a new operation if the device is still to be updated.',
  ),
  SYS_104: service(
    'Campaign was manually stopped. Device may still update.',
    ['FAIL', 'INFO'],
    'FAIL_SERVICE',
    'The operation was stopped after the manifest had been handed to the device.',
    'Look at the version the device reports next, then start a new operation if needed.',
  ),
  SYS_105: service('Device deregistered.', ['INFO'], 'INFO', 'The device was removed from the registry.', 'None.'),
  SYS_106: service('Device registered.', ['INFO'], 'INFO', 'The device said hello for the first time.', 'None.'),
  SYS_107: service(
    'Device bootstrapped.',
    ['INFO'],
    'INFO',
    'The first credentials of the device were issued.',
    'None.',
  ),
  SYS_108: service(
    'Device added to campaign.',
    ['INFO'],
    'INFO',
    'The device became a target of an operation.',
    'None.',
  ),
  SYS_109: service(
    'Device removed from campaign.',
    ['INFO'],
    'INFO',
    'The device was taken out of an operation.',
    'None.',
  ),
  SYS_110: service(
    'Device already at desired state.',
    ['SKIPPED'],
    'SKIPPED',
    'The device already reports the target version and digest; nothing was transferred.',
    'None.',
  ),
  SYS_111: failure(
    'FAIL_DEVICE',
    'image',
    'Device failed to reach desired state.',
    'After the reboot the device does not report the target version and digest.',
    "Read the device's own events and its log; test the image on one device of this class.",
  ),
  SYS_112: service(
    'Device reached desired state.',
    ['SUCCESS'],
    'SUCCESS',
    'After the reboot the device reports the target version and digest.',
    'None.',
  ),
  UPD2_OK_18: service(
    'Asset update successfully completed.',
    ['SUCCESS'],
    'SUCCESS',
    'The firmware image has been updated successfully.',
    'None.',
  ),
  UPD4_FAIL_21: failure(
    'FAIL_MANIFEST_REJECTED',
    'author',
    'FW payload URI in manifest is too long.',
    'The URI in the manifest is invalid.',
    'Check the URI in the manifest.',
  ),
  UPD4_FAIL_22: failure(
    'FAIL_MANIFEST_REJECTED',
    'author',
    'Failure to parse an update manifest.',
    'The client cannot parse the manifest.',
    'Check manifest generation. Check that the correct manifest was used in the campaign.',
  ),
  UPD4_FAIL_23: failure(
    'FAIL_MANIFEST_REJECTED',
    'security',
    'Signature verification failed.',
    'The client cannot authenticate the manifest because the manifest signature the client calculated does not match the signature on the manifest.',
    'Check that certificates were provisioned correctly. Make sure the manifest is signed using the correct private key.',
  ),
  UPD4_FAIL_24: failure(
    'FAIL_NETWORK',
    'network',
    'Connection lost during download.',
    'Network connection was lost during the download of the updated image.',
    "Check the device's connectivity.",
  ),
  UPD4_FAIL_25: failure(
    'FAIL_MANIFEST_REJECTED',
    'author',
    'Payload format specified by manifest is unsupported.',
    'The device does not support the payload format in the manifest.',
    'Check the payload format of the manifest.',
  ),
  UPD4_FAIL_26: failure(
    'FAIL_PAYLOAD',
    'security',
    'Payload authenticity check failed.',
    'The hash of the payload in the manifest does not match the hash the client calculates for the downloaded image.',
    'Manifest was edited or corrupted in transit. Retry.',
  ),
  UPD4_FAIL_27: failure(
    'FAIL_MANIFEST_REJECTED',
    'state',
    'FW candidate version is rejected (is older or equal to installed one).',
    'You tried to update to a firmware version that is older than the one already on the device.',
    'Check that the updated firmware version is newer than the existing one.',
  ),
  UPD4_FAIL_28: failure(
    'FAIL_MANIFEST_REJECTED',
    'author',
    'Manifest schema version unsupported (incompatible manifest-tool version).',
    'The client does not support the schema of the received manifest.',
    'Use a manifest schema that is compatible with the device.',
  ),
  UPD4_FAIL_29: failure(
    'FAIL_MANIFEST_REJECTED',
    'author',
    'Vendor data specified in the manifest is too big.',
    'The custom vendor data size in the manifest is bigger than defined on the device.',
    'Configure the device to work with a larger vendor data size or reduce your application vendor data size.',
  ),
  UPD4_FAIL_30: failure(
    'FAIL_MANIFEST_REJECTED',
    'targeting',
    'Manifest with wrong Vendor ID.',
    'The Vendor ID in the received manifest does not match the Vendor ID stored on the device.',
    'Check that the device was provisioned correctly. Check the manifest.',
  ),
  UPD4_FAIL_31: failure(
    'FAIL_MANIFEST_REJECTED',
    'targeting',
    'Manifest with wrong Class ID.',
    'The Class ID in the received manifest does not match the Class ID stored on the device.',
    'Check that the device was provisioned correctly. Check the manifest.',
  ),
  UPD4_FAIL_32: failure(
    'FAIL_MANIFEST_REJECTED',
    'state',
    'Installed FW digest differs from the one specified in the manifest (precursor).',
    'Relevant for delta update only. The actual installed firmware digest is different from the digest specified in the manifest (precursor).',
    'Recreate the delta patch. The image you provide in the --current-fw argument, when you create the delta patch, must be the same as the firmware installed on the device.',
  ),
  UPD4_FAIL_33: failure(
    'FAIL_STORAGE',
    'device',
    'Insufficient storage on a device for saving update candidate.',
    'Insufficient space on the device to store a payload of this size.',
    'Check device storage.',
  ),
  UPD4_FAIL_34: failure(
    'FAIL_INTERNAL',
    'device',
    'Not enough RAM.',
    'Insufficient space allocated for various Update client actions.',
    'Check device RAM.',
  ),
  UPD4_FAIL_35: failure(
    'FAIL_STORAGE',
    'device',
    'Storage write error.',
    'Error during writing to non-volatile memory (NVM).',
    'Check the device storage configuration.',
  ),
  UPD4_FAIL_36: failure(
    'FAIL_STORAGE',
    'device',
    'Storage read error.',
    'Error during reading from non-volatile memory (NVM).',
    'Check the device storage configuration.',
  ),
  UPD4_FAIL_37: failure(
    'FAIL_AUTHORIZATION',
    'consent',
    'Application rejected install authorization request.',
    'The device application rejected install authorization.',
    'Check the device application code.',
  ),
  UPD4_FAIL_38: failure(
    'FAIL_AUTHORIZATION',
    'consent',
    'Application rejected download authorization request.',
    'The device application rejected download authorization.',
    'Check the device application code.',
  ),
  UPD4_FAIL_39: failure(
    'FAIL_MANIFEST_REJECTED',
    'targeting',
    'Component name in manifest targets unknown component.',
    "The component name specified in the manifest doesn't match a component registered on the device.",
    'Check the manifest or the device application code that registers the component.',
  ),
  UPD4_FAIL_40: failure(
    'FAIL_INSTALL',
    'image',
    'Update failed at installation phase.',
    'Either the installation of the component failed or the verification of the new image after the installation failed.',
    'Check the installation or the verification callbacks.',
  ),
  UPD4_FAIL_41: failure(
    'FAIL_INTERNAL',
    'internal',
    'Non-specific internal error.',
    'Generic internal error.',
    'Call FAE.',
  ),
  UPD4_FAIL_42: failure(
    'FAIL_INTERNAL',
    'internal',
    'Non-specific internal error - delta engine.',
    'Internal error of the delta engine.',
    'Call FAE.',
  ),
  UPD4_FAIL_43: failure(
    'FAIL_INTERNAL',
    'internal',
    'Non-specific internal error - crypto engine.',
    'Internal error of the crypto engine.',
    'Call FAE.',
  ),
  UPD4_FAIL_44: failure(
    'FAIL_INTERNAL',
    'device',
    'Expected asset is not found in NVM.',
    'The update client requires an item that is missing from non-volatile memory (NVM).',
    'Check that the device was provisioned correctly.',
  ),
  UPD4_FAIL_45: failure(
    'FAIL_NETWORK',
    'network',
    'Multicast abort session.',
    'Aborting the update process because of an unexpected multicast command sequence or border router request to abort.',
    'Check for network problems.',
  ),
  UPD4_FAIL_46: failure(
    'FAIL_PAYLOAD',
    'author',
    'Failure to parse a combined package.',
    'The client cannot parse the combined package.',
    'Check combined package generation.',
  ),
  UPD4_FAIL_47: failure(
    'FAIL_PAYLOAD',
    'internal',
    'Combined package with wrong number of images.',
    "The number of images specified in the package descriptor doesn't match the number of images inside the package.",
    'Combined package was edited or corrupted in transit. Retry.',
  ),
  UPD4_FAIL_48: failure(
    'FAIL_PAYLOAD',
    'author',
    'Image name specified in the package is too long.',
    'The name of at least one image in the package is longer than the name size defined on the device.',
    'Configure the device to work with a longer name size or reduce the length of your combined image name.',
  ),
  UPD4_FAIL_49: failure(
    'FAIL_PAYLOAD',
    'author',
    'Vendor data specified in the package descriptor is too long.',
    'The vendor data related to at least one image in the package is longer than the vendor data size defined on the device.',
    'Configure the device to work with a larger vendor data size or reduce the length of the vendor data string in the package descriptor file.',
  ),
} as const satisfies Readonly<Record<string, EventCodeEntry>>

export type EventCode = keyof typeof eventCodes
export type SystemCode = Extract<EventCode, `SYS_${string}`>
export type DeviceCode = Exclude<EventCode, SystemCode>
export type DeviceFailureCode = Extract<DeviceCode, `UPD4_FAIL_${string}`>

/** A failure of the domain, as a value. */
export interface Failure {
  readonly code: DeviceFailureCode
  /** What helps to find the cause: field, expected, actual, reason, chunk, errno. */
  readonly data: Readonly<Record<string, string>>
}

export const eventCodeNames = Object.keys(eventCodes) as readonly EventCode[]

/** The entry of a code, typed for every code alike. */
export function eventCodeEntry(code: EventCode): EventCodeEntry {
  return eventCodes[code]
}

/** A code that a device may report; codes `SYS_…` belong to the broker. */
export function isDeviceCode(text: string): text is DeviceCode {
  return Object.hasOwn(eventCodes, text) && !text.startsWith('SYS_')
}

export function isEventCode(text: string): text is EventCode {
  return Object.hasOwn(eventCodes, text)
}
