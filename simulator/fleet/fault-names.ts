// What can be wrong with a virtual sensor. Each is done by its real condition: to the line, the disk, the power, the clock,
// the application or the honesty of the device; never by telling a code.

export const faultNames = [
  // of the line: the update succeeds all the same
  'drop',
  'duplicate',
  'delay',
  'corrupt-chunk',
  'flapping',
  'slow-reader',
  // of the power: it goes at a step, once, and the update succeeds all the same
  'power-cut-accepted',
  'power-cut-downloading',
  'power-cut-verifying',
  'power-cut-installing',
  'power-cut-rebooting',
  'power-cut-confirming',
  // of the device: what the broker judges
  'other-vendor',
  'lying',
  // of the clock: far ahead, so that everything signed has expired
  'clock-wrong',
  // each ends with the code it is named after
  'code-21',
  'code-22',
  'code-23',
  'code-24',
  'code-25',
  'code-26',
  'code-27',
  'code-28',
  'code-29',
  'code-30',
  'code-31',
  'code-32',
  'code-33',
  'code-34',
  'code-35',
  'code-36',
  'code-37',
  'code-38',
  'code-39',
  'code-40',
  'code-41',
  'code-42',
  'code-43',
  'code-44',
  'code-45',
  'code-46',
  'code-47',
  'code-48',
  'code-49',
] as const

export type FaultName = (typeof faultNames)[number]

/** Names that say what is wrong, for those who do not know the codes. */
export const faultSynonyms: Readonly<Record<string, FaultName>> = {
  'bad-signature': 'code-23',
  'wrong-class': 'code-31',
  'full-disk': 'code-35',
  'small-disk': 'code-33',
  'trial-boot-fails': 'code-40',
}
