// Counts the tests in a raw TAP file: the test points inside each file, skipped ones apart. Prints `N passed, N failed`.
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0
let skipped = 0
for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  // A file is a point at the margin, the tests in it stand four blanks in.
  const point = /^ {4}(not )?ok \d+(?: - (.*))?$/.exec(line)
  if (point === null) {
    if (/^not ok \d+/.test(line)) failed += 1
    continue
  }
  if (/# (SKIP|TODO)/i.test(point[2] ?? '')) skipped += 1
  else if (point[1] === undefined) passed += 1
  else failed += 1
}
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
if (passed === 0) process.exitCode = 1
