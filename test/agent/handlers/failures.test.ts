// Which code an error stands for, with errors as the runtime throws them.
import { createHash, createPublicKey } from 'node:crypto'
import t from 'tap'
import { InstallFailed, StorageReadFailed, StorageWriteFailed, StoredThingMissing } from '../../../agent/errors.ts'
import { failureOf } from '../../../agent/handlers/failures.ts'
import { ChunkIndex } from '../../../proto/chunk-index.ts'

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

const cases: readonly (readonly [code: string, what: string, error: unknown, data: Record<string, string | RegExp>])[] =
  [
    [
      'UPD4_FAIL_35',
      'a write',
      new StorageWriteFailed('writing x', 'ENOSPC'),
      { errno: 'ENOSPC', reason: /writing x/ },
    ],
    ['UPD4_FAIL_36', 'a read', new StorageReadFailed('reading x', 'EIO'), { errno: 'EIO', reason: /reading x/ }],
    ['UPD4_FAIL_40', 'an installer', new InstallFailed('installing x', 'exit-3'), { reason: 'exit-3' }],
    [
      'UPD4_FAIL_44',
      'something missing',
      new StoredThingMissing('the record'),
      { field: 'the record', reason: 'missing' },
    ],
    [
      ...(['UPD4_FAIL_22', 'a chunk index'] as const),
      thrownBy(() => ChunkIndex.parse(Buffer.from('nonsense'))),
      { field: 'chunk-index', reason: /./ },
    ],
    ['UPD4_FAIL_34', 'no room for a buffer', thrownBy(() => new ArrayBuffer(2 ** 50)), { reason: 'allocation' }],
    ['UPD4_FAIL_34', 'a buffer of a terabyte', thrownBy(() => Buffer.alloc(2 ** 53)), { reason: 'allocation' }],
    ['UPD4_FAIL_34', 'an array beyond all bounds', thrownBy(() => new Uint8Array(2 ** 53)), { reason: 'allocation' }],
    ['UPD4_FAIL_43', 'no such digest', thrownBy(() => createHash('sha-none')), { reason: 'engine' }],
    ['UPD4_FAIL_43', 'a key that is none', thrownBy(() => createPublicKey('nonsense')), { reason: 'engine' }],
    ['UPD4_FAIL_41', 'a mistake of ours', new RangeError('10 bytes at 5 reach past the 12'), { reason: /reach past/ }],
    ['UPD4_FAIL_41', 'a read outside a buffer', thrownBy(() => Buffer.alloc(1).readUInt32LE(0)), { reason: /./ }],
    ['UPD4_FAIL_41', 'no error at all', 'a text', { reason: 'a text' }],
  ]

for (const [code, what, error, data] of cases)
  t.test(`${code}: ${what}`, async t => {
    t.match(failureOf(error), { code, data })
  })

t.test('what a stranger says at length is cut', async t => {
  t.equal(failureOf(new Error('x'.repeat(10_000))).data.reason?.length, 160)
})
