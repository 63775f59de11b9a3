// Text of a report comes from flags, profile files and devices, perhaps of another machine: its control characters (and
// those that turn the direction of writing) reach neither a terminal nor a page.
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}
