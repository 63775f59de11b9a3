// The slot record as a value: every transition from every kind of record, and bytes that must not be believed.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import {
  componentFolder,
  imagePath,
  openComponent,
  readSlotRecord,
  recordPath,
  writeSlotRecord,
} from '../../../agent/storage/slot-folder.ts'
import {
  clearInactive,
  commit,
  countStart,
  encodeSlotRecord,
  fallBack,
  firstRecord,
  installTrial,
  noteFallback,
  parseSlotRecord,
  type SlotContent,
  type SlotRecord,
  SlotRecordCorrupt,
  startSlot,
  switchBack,
  switchTo,
} from '../../../agent/storage/slot-record.ts'

const one: SlotContent = { version: '1.0.0', digest: '11'.repeat(32), size: 100 }
const two: SlotContent = { version: '2.0.0', digest: '22'.repeat(32), size: 200 }
const first = firstRecord(one)
const trial = installTrial(first, two, 2)
const committed = commit(countStart(trial))
const fallen = fallBack(trial, 'watchdog')

t.test('each transition gives the record one reads off the drawing, one write further', async t => {
  const rows: readonly (readonly [string, SlotRecord, Partial<SlotRecord>])[] = [
    ['first', first, { sequence: 1, active: 'a', trial: null, slots: { a: one, b: null }, fallback: null }],
    ['install', trial, { sequence: 2, active: 'a', trial: { slot: 'b', startsLeft: 2 }, slots: { a: one, b: two } }],
    ['count', countStart(trial), { sequence: 3, trial: { slot: 'b', startsLeft: 1 } }],
    ['count all', countStart(countStart(trial)), { sequence: 4, trial: { slot: 'b', startsLeft: 0 } }],
    ['commit', committed, { sequence: 4, active: 'b', trial: null, fallback: null }],
    ['fall back', fallen, { sequence: 3, active: 'a', trial: null, fallback: { slot: 'b', reason: 'watchdog' } }],
    ['next trial', installTrial(fallen, two, 3), { sequence: 4, trial: { slot: 'b', startsLeft: 3 }, fallback: null }],
    ['back to a', installTrial(committed, one, 3), { active: 'b', trial: { slot: 'a', startsLeft: 3 } }],
    ['clear', clearInactive(fallen), { sequence: 4, active: 'a', slots: { a: one, b: null }, fallback: null }],
    ['switch', switchTo(first, two), { sequence: 2, active: 'b', trial: null, slots: { a: one, b: two } }],
    [
      'switch back',
      switchBack(switchTo(first, two), 'bad'),
      { sequence: 3, active: 'a', fallback: { slot: 'b', reason: 'bad' } },
    ],
    ['note', noteFallback(first, 'late'), { sequence: 2, active: 'a', fallback: { slot: 'b', reason: 'late' } }],
  ]
  for (const [name, record, expected] of rows) t.match(record, expected, name)
  t.equal(startSlot(first), 'a')
  t.equal(startSlot(trial), 'b')
  t.equal(startSlot(fallen), 'a')
  t.equal(startSlot(committed), 'b')
  t.equal(clearInactive(first), first, 'nothing to clear is no write')
})

t.test('a transition that makes no sense is our own mistake and changes nothing', async t => {
  t.throws(() => countStart(first), RangeError)
  t.throws(() => countStart(countStart(countStart(trial))), RangeError, 'no start is left')
  t.throws(() => commit(first), RangeError)
  t.throws(() => fallBack(first, 'x'), RangeError)
  t.throws(() => clearInactive(trial), RangeError, 'the slot on trial is running')
  t.throws(() => switchBack(first, 'x'), RangeError, 'the other slot is empty')
  t.equal(fallBack(trial, 'x'.repeat(500)).fallback?.reason.length, 64)
})

t.test('what was written reads back; every single damaged byte and every cut is told', async t => {
  for (const record of [first, trial, committed, fallen])
    t.same(parseSlotRecord(encodeSlotRecord(record), 'here'), record)
  const bytes = encodeSlotRecord(trial)
  const unnoticed: number[] = []
  for (let position = 0; position < bytes.length; position += 1)
    for (const bit of [0, 1, 4]) {
      const damaged = Buffer.from(bytes)
      damaged[position] = (damaged[position] as number) ^ (1 << bit)
      // White space between the fields may change; a record that says something else may not.
      if (!tellsOrIsSame(damaged)) unnoticed.push(position)
    }
  t.same(unnoticed, [])
  for (let length = 0; length < bytes.length - 2; length += 1)
    if (!tellsOrIsSame(bytes.subarray(0, length))) t.fail(`cut to ${length} bytes unnoticed`)
  for (const [text, found] of [
    ['', /no JSON/],
    ['null', /no JSON object/],
    ['{"format":2}', /format 2/],
    ['{"format":1}', /absent/],
    [' '.repeat(5000), /5000 bytes/],
  ] as const)
    t.throws(() => parseSlotRecord(Buffer.from(text), '/d/record.json'), {
      code: 'SLOT_RECORD_CORRUPT',
      message: found,
    })
})

function tellsOrIsSame(bytes: Uint8Array): boolean {
  try {
    return JSON.stringify(parseSlotRecord(bytes, 'here')) === JSON.stringify(trial)
  } catch (error) {
    return error instanceof SlotRecordCorrupt
  }
}

t.test('the record is replaced as a whole; a torn temp file of an earlier write does not matter', async t => {
  const folder = t.testdir({})
  t.equal(await readSlotRecord(systemDisk, folder), undefined, 'none yet')
  await writeSlotRecord(systemDisk, folder, first)
  writeFileSync(`${recordPath(folder)}.new`, '{"format":1,"seq')
  t.same(await readSlotRecord(systemDisk, folder), first)
  await writeSlotRecord(systemDisk, folder, trial)
  t.same(await readSlotRecord(systemDisk, folder), trial)
  t.same(readdirSync(folder), ['record.json'])
  writeFileSync(
    recordPath(folder),
    readFileSync(recordPath(folder), 'utf8').replace('"startsLeft": 2', '"startsLeft": 9'),
  )
  await t.rejects(readSlotRecord(systemDisk, folder), { code: 'SLOT_RECORD_CORRUPT', message: /checksum/ })
})

t.test('the first start places the initial image in slot a; later starts leave everything as it is', async t => {
  const image = Buffer.alloc(300_000, 7)
  const data = t.testdir({ factory: image, other: 'another image' })
  const folder = componentFolder(data, 'app')
  const digest = createHash('sha256').update(image).digest('hex')
  const record = await openComponent(systemDisk, folder, { version: '1.0.0', image: join(data, 'factory') })
  t.same(record, firstRecord({ version: '1.0.0', digest, size: image.length }))
  t.ok(readFileSync(imagePath(folder, 'a')).equals(image))
  t.same(await openComponent(systemDisk, folder, { version: '9.0.0', image: join(data, 'other') }), record)
  t.ok(readFileSync(imagePath(folder, 'a')).equals(image))
})

t.test('a power cut while the initial image is placed: the next start places it anew', async t => {
  const data = t.testdir({ factory: 'image', components: { app: { a: { 'image.new': 'ima', image: 'half' } } } })
  const folder = componentFolder(data, 'app')
  await openComponent(systemDisk, folder, { version: '1.0.0', image: join(data, 'factory') })
  t.equal(readFileSync(imagePath(folder, 'a'), 'utf8'), 'image')
})

t.test('a record that was taken away is told: the initial image would undo every update', async t => {
  const data = t.testdir({ factory: 'image' })
  const folder = componentFolder(data, 'app')
  mkdirSync(join(folder, 'b'), { recursive: true })
  await t.rejects(openComponent(systemDisk, folder, { version: '1.0.0', image: join(data, 'factory') }), {
    code: 'SLOT_RECORD_CORRUPT',
    message: /missing, although slot b exists/,
  })
})
