import t from 'tap'
import {
  type EventCategory,
  type EventCode,
  type EventType,
  eventCodeEntry,
  eventCodeNames,
  eventCodes,
  type FailureClass,
  isDeviceCode,
  isEventCode,
} from '../../proto/event-codes.ts'

/** As documented: code, portal text, explanation with corrective action. The broker's codes have only a text. */
const documented: readonly (readonly [code: EventCode, text: string, rest?: string])[] = [
  ['SYS_100', 'Service error: Device could not be reached.'],
  ['SYS_101', 'Service error: Device not registered, manifest not sent.'],
  ['SYS_102', 'Service error: Device Vendor ID does not match Manifest Vendor ID.'],
  ['SYS_103', 'Campaign was manually stopped. Device not updated.'],
  ['SYS_104', 'Campaign was manually stopped. Device may still update.'],
  ['SYS_105', 'Device deregistered.'],
  ['SYS_106', 'Device registered.'],
  ['SYS_107', 'Device bootstrapped.'],
  ['SYS_108', 'Device added to campaign.'],
  ['SYS_109', 'Device removed from campaign.'],
  ['SYS_110', 'Device already at desired state.'],
  ['SYS_111', 'Device failed to reach desired state.'],
  ['SYS_112', 'Device reached desired state.'],
  ['UPD2_OK_18', 'Asset update successfully completed.', 'The firmware image has been updated successfully.'],
  [
    'UPD4_FAIL_21',
    'FW payload URI in manifest is too long.',
    'The URI in the manifest is invalid. Check the URI in the manifest.',
  ],
  [
    'UPD4_FAIL_22',
    'Failure to parse an update manifest.',
    'The client cannot parse the manifest. Check manifest generation. Check that the correct manifest was used in the campaign.',
  ],
  [
    'UPD4_FAIL_23',
    'Signature verification failed.',
    'The client cannot authenticate the manifest because the manifest signature the client calculated does not match the signature on the manifest. Check that certificates were provisioned correctly. Make sure the manifest is signed using the correct private key.',
  ],
  [
    'UPD4_FAIL_24',
    'Connection lost during download.',
    "Network connection was lost during the download of the updated image. Check the device's connectivity.",
  ],
  [
    'UPD4_FAIL_25',
    'Payload format specified by manifest is unsupported.',
    'The device does not support the payload format in the manifest. Check the payload format of the manifest.',
  ],
  [
    'UPD4_FAIL_26',
    'Payload authenticity check failed.',
    'The hash of the payload in the manifest does not match the hash the client calculates for the downloaded image. Manifest was edited or corrupted in transit. Retry.',
  ],
  [
    'UPD4_FAIL_27',
    'FW candidate version is rejected (is older or equal to installed one).',
    'You tried to update to a firmware version that is older than the one already on the device. Check that the updated firmware version is newer than the existing one.',
  ],
  [
    'UPD4_FAIL_28',
    'Manifest schema version unsupported (incompatible manifest-tool version).',
    'The client does not support the schema of the received manifest. Use a manifest schema that is compatible with the device.',
  ],
  [
    'UPD4_FAIL_29',
    'Vendor data specified in the manifest is too big.',
    'The custom vendor data size in the manifest is bigger than defined on the device. Configure the device to work with a larger vendor data size or reduce your application vendor data size.',
  ],
  [
    'UPD4_FAIL_30',
    'Manifest with wrong Vendor ID.',
    'The Vendor ID in the received manifest does not match the Vendor ID stored on the device. Check that the device was provisioned correctly. Check the manifest.',
  ],
  [
    'UPD4_FAIL_31',
    'Manifest with wrong Class ID.',
    'The Class ID in the received manifest does not match the Class ID stored on the device. Check that the device was provisioned correctly. Check the manifest.',
  ],
  [
    'UPD4_FAIL_32',
    'Installed FW digest differs from the one specified in the manifest (precursor).',
    'Relevant for delta update only. The actual installed firmware digest is different from the digest specified in the manifest (precursor). Recreate the delta patch. The image you provide in the --current-fw argument, when you create the delta patch, must be the same as the firmware installed on the device.',
  ],
  [
    'UPD4_FAIL_33',
    'Insufficient storage on a device for saving update candidate.',
    'Insufficient space on the device to store a payload of this size. Check device storage.',
  ],
  [
    'UPD4_FAIL_34',
    'Not enough RAM.',
    'Insufficient space allocated for various Update client actions. Check device RAM.',
  ],
  [
    'UPD4_FAIL_35',
    'Storage write error.',
    'Error during writing to non-volatile memory (NVM). Check the device storage configuration.',
  ],
  [
    'UPD4_FAIL_36',
    'Storage read error.',
    'Error during reading from non-volatile memory (NVM). Check the device storage configuration.',
  ],
  [
    'UPD4_FAIL_37',
    'Application rejected install authorization request.',
    'The device application rejected install authorization. Check the device application code.',
  ],
  [
    'UPD4_FAIL_38',
    'Application rejected download authorization request.',
    'The device application rejected download authorization. Check the device application code.',
  ],
  [
    'UPD4_FAIL_39',
    'Component name in manifest targets unknown component.',
    "The component name specified in the manifest doesn't match a component registered on the device. Check the manifest or the device application code that registers the component.",
  ],
  [
    'UPD4_FAIL_40',
    'Update failed at installation phase.',
    'Either the installation of the component failed or the verification of the new image after the installation failed. Check the installation or the verification callbacks.',
  ],
  ['UPD4_FAIL_41', 'Non-specific internal error.', 'Generic internal error. Call FAE.'],
  ['UPD4_FAIL_42', 'Non-specific internal error - delta engine.', 'Internal error of the delta engine. Call FAE.'],
  ['UPD4_FAIL_43', 'Non-specific internal error - crypto engine.', 'Internal error of the crypto engine. Call FAE.'],
  [
    'UPD4_FAIL_44',
    'Expected asset is not found in NVM.',
    'The update client requires an item that is missing from non-volatile memory (NVM). Check that the device was provisioned correctly.',
  ],
  [
    'UPD4_FAIL_45',
    'Multicast abort session.',
    'Aborting the update process because of an unexpected multicast command sequence or border router request to abort. Check for network problems.',
  ],
  [
    'UPD4_FAIL_46',
    'Failure to parse a combined package.',
    'The client cannot parse the combined package. Check combined package generation.',
  ],
  [
    'UPD4_FAIL_47',
    'Combined package with wrong number of images.',
    "The number of images specified in the package descriptor doesn't match the number of images inside the package. Combined package was edited or corrupted in transit. Retry.",
  ],
  [
    'UPD4_FAIL_48',
    'Image name specified in the package is too long.',
    'The name of at least one image in the package is longer than the name size defined on the device. Configure the device to work with a longer name size or reduce the length of your combined image name.',
  ],
  [
    'UPD4_FAIL_49',
    'Vendor data specified in the package descriptor is too long.',
    'The vendor data related to at least one image in the package is longer than the vendor data size defined on the device. Configure the device to work with a larger vendor data size or reduce the length of the vendor data string in the package descriptor file.',
  ],
]

t.test('the catalogue has exactly the documented codes', async t => {
  t.strictSame([...eventCodeNames].sort(), documented.map(([code]) => code).sort())
  t.equal(documented.length, 43)
})

t.test('every text is the documented one, letter by letter', async t => {
  for (const [code, text, rest] of documented) {
    const entry = eventCodeEntry(code)
    t.equal(entry.text, text, code)
    const told =
      entry.correctiveAction === 'None.' ? entry.explanation : `${entry.explanation} ${entry.correctiveAction}`
    if (rest !== undefined) t.equal(told, rest, code)
    t.match(entry.explanation, /^\S.*\.$/, `${code} is explained`)
    t.match(entry.correctiveAction, /^\S.*\.$/, `${code} says what to do`)
  }
})

const up = (...numbers: number[]): EventCode[] => numbers.map(number => `UPD4_FAIL_${number}` as EventCode)

t.test('every code stands in its category', async t => {
  const categories: Readonly<Record<EventCategory, readonly EventCode[]>> = {
    SUCCESS: ['UPD2_OK_18', 'SYS_112'],
    SKIPPED: ['SYS_110'],
    INFO: ['SYS_105', 'SYS_106', 'SYS_107', 'SYS_108', 'SYS_109'],
    FAIL_SERVICE: ['SYS_100', 'SYS_101', 'SYS_103', 'SYS_104'],
    FAIL_DEVICE: ['SYS_111'],
    FAIL_NETWORK: up(24, 45),
    FAIL_MANIFEST_REJECTED: ['SYS_102', ...up(21, 22, 23, 25, 27, 28, 29, 30, 31, 32, 39)],
    FAIL_PAYLOAD: up(26, 46, 47, 48, 49),
    FAIL_STORAGE: up(33, 35, 36),
    FAIL_AUTHORIZATION: up(37, 38),
    FAIL_INSTALL: up(40),
    FAIL_INTERNAL: up(34, 41, 42, 43, 44),
  }
  t.equal(Object.values(categories).flat().length, eventCodeNames.length)
  for (const [category, codes] of Object.entries(categories))
    for (const code of codes) t.equal(eventCodeEntry(code).category, category, code)
})

t.test('every failure has the class that retries, waves and aborts go by', async t => {
  const classes: Readonly<Record<FailureClass, readonly EventCode[]>> = {
    author: up(21, 22, 25, 28, 29, 46, 48, 49),
    security: up(23, 26),
    targeting: up(30, 31, 39),
    device: up(33, 34, 35, 36, 44),
    network: ['SYS_100', ...up(24, 45)],
    state: up(27, 32),
    consent: up(37, 38),
    image: ['SYS_111', ...up(40)],
    internal: up(41, 42, 43, 47),
  }
  const classOf = new Map(Object.entries(classes).flatMap(([name, codes]) => codes.map(code => [code, name] as const)))
  for (const code of eventCodeNames) t.equal(eventCodeEntry(code).failureClass, classOf.get(code), code)
})

t.test('every code has its types, the default first', async t => {
  const special: Readonly<Partial<Record<EventCode, readonly EventType[]>>> = {
    SYS_100: ['FAIL', 'INFO'],
    SYS_101: ['FAIL'],
    SYS_102: ['FAIL'],
    SYS_103: ['FAIL', 'INFO'],
    SYS_104: ['FAIL', 'INFO'],
    SYS_105: ['INFO'],
    SYS_106: ['INFO'],
    SYS_107: ['INFO'],
    SYS_108: ['INFO'],
    SYS_109: ['INFO'],
    SYS_110: ['SKIPPED'],
    SYS_111: ['FAIL'],
    SYS_112: ['SUCCESS'],
    UPD2_OK_18: ['SUCCESS'],
  }
  for (const code of eventCodeNames) t.strictSame(eventCodeEntry(code).types, special[code] ?? ['FAIL'], code)
})

t.test('a code is told from any other text, and the codes of the broker from those of a device', async t => {
  for (const code of eventCodeNames) {
    t.ok(isEventCode(code), code)
    t.equal(isDeviceCode(code), code.startsWith('UPD'), code)
  }
  for (const text of ['', 'SYS_99', 'SYS_113', 'sys_100', ' SYS_100', 'constructor', '__proto__', 'hasOwnProperty'])
    t.notOk(isEventCode(text) || isDeviceCode(text), text)
  t.equal(Object.keys(eventCodes).length, eventCodeNames.length)
})
