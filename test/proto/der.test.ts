// DER: one form is written, and no other is read.
import t from 'tap'
import { der, derValues } from '../../proto/der.ts'

t.test('what is written is read again, whatever its length', async t => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const bytes = der(0x30, Buffer.alloc(length, 7))
    const [value, more] = derValues(bytes)
    t.equal(value?.tag, 0x30)
    t.equal(value?.body.length, length)
    t.ok(value?.whole.equals(bytes))
    t.equal(more, undefined)
  }
  t.equal(derValues(Buffer.concat([der(2), der(4, Buffer.of(1))])).length, 2)
})

t.test('other forms, and what is cut off, are refused', async t => {
  const rows: readonly (readonly [name: string, hex: string])[] = [
    ['no length', '30'],
    ['a body that is cut off', '300201'],
    ['a length that is cut off', '3082'],
    ['a length without an end', '3080'],
    ['a length of four bytes', '308400000001'],
    ['a length that is not the shortest', '30810100'],
    ['a length with a leading zero', `308200ff${'00'.repeat(255)}`],
    ['a tag of several bytes', '1f0100'],
  ]
  for (const [name, hex] of rows) t.throws(() => derValues(Buffer.from(hex, 'hex')), RangeError, name)
})
