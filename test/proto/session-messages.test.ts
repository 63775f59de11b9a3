import t from 'tap'
import { encode, WireError } from '../../proto/codec.ts'
import {
  encodeSessionControl,
  encodeSessionData,
  readSessionControl,
  readSessionData,
  type SessionControl,
  type SessionPiece,
} from '../../proto/session-messages.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const artifact = 'ab'.repeat(32)
const controls: readonly SessionControl[] = [
  { kind: 'start', artifact },
  { kind: 'end', artifact },
  { kind: 'activate', artifact },
  { kind: 'abort', artifact, reason: '' },
  { kind: 'abort', artifact, reason: 'the operator stopped it' },
]
const piece: SessionPiece = { chunk: 3, encoding: 'deflate', encodedSize: 9, offset: 4, data: Buffer.from('abcde') }

t.test('what is said in a session is read back as it was written', async t => {
  for (const control of controls) t.strictSame(readSessionControl(encodeSessionControl(control)), control)
  for (const change of [{}, { chunk: 0, offset: 0, encoding: 'plain' }] as const) {
    const read = readSessionData(encodeSessionData({ ...piece, ...change }))
    t.strictSame({ ...read, data: Buffer.from(read.data) }, { ...piece, ...change })
  }
})

t.test('golden bytes', async t => {
  const digest = `0a20${artifact}`
  t.strictSame(
    controls.map(control => encodeSessionControl(control).toString('hex')),
    [
      ...['1001', '1002', '1003', '1004'].map(action => digest + action),
      `${digest}10041a17${Buffer.from('the operator stopped it').toString('hex')}`,
    ],
  )
  t.equal(encodeSessionData(piece).toString('hex'), '0a0f08031002180920042a056162636465')
})

t.test('what is no control message is refused, naming the field', async t => {
  const artifactSha256 = Buffer.from(artifact, 'hex')
  const wire = (message: Parameters<typeof encode<'SessionControl'>>[1]): Buffer => encode('SessionControl', message)
  for (const [bytes, field] of [
    [wire({ action: 1 }), 'SessionControl.artifactSha256'],
    [wire({ action: 1, artifactSha256: artifactSha256.subarray(1) }), 'SessionControl.artifactSha256'],
    [wire({ artifactSha256 }), 'SessionControl.action'],
    [wire({ artifactSha256, action: 0 }), 'SessionControl.action'],
    [wire({ artifactSha256, action: 5 }), 'SessionControl.action'],
    [wire({ artifactSha256, action: 1, reason: 'why' }), 'SessionControl.reason'],
    [wire({ artifactSha256, action: 4, reason: '' }), 'SessionControl.reason'],
    [wire({ artifactSha256, action: 4, reason: 'x'.repeat(257) }), 'SessionControl.reason'],
    [wire({ artifactSha256, action: 4, reason: 'x'.repeat(1024) }), 'SessionControl'],
    [Buffer.concat([wire({ artifactSha256, action: 1 }), Buffer.from([0x20, 1])]), 'SessionControl'],
    [Buffer.alloc(0), 'SessionControl.artifactSha256'],
  ] as const)
    t.throws(() => readSessionControl(bytes), { code: 'WIRE_ERROR', field })
})

t.test('what is no piece of a chunk is refused, naming the field', async t => {
  const good = { chunk: 3, encoding: 1, encodedSize: 9, offset: 4, data: Buffer.from('abcde') }
  const { chunk: _, ...index } = good
  const { data: __, ...empty } = good
  for (const [wire, field] of [
    [index, 'SessionData.piece.chunk'],
    [empty, 'SessionData.piece.data'],
    [{ ...good, data: Buffer.alloc(0) }, 'SessionData.piece.data'],
    [{ ...good, offset: 5 }, 'SessionData.piece.data'],
    [{ ...good, encoding: 3 }, 'SessionData.piece.encoding'],
    [{ ...good, encodedSize: 1024 * 1024 + 1 }, 'SessionData.piece.encodedSize'],
  ] as const)
    t.throws(() => readSessionData(encode('SessionData', { piece: wire })), { code: 'WIRE_ERROR', field })
  t.throws(() => readSessionData(Buffer.alloc(0)), { code: 'WIRE_ERROR', field: 'SessionData.piece' })
  t.throws(() => readSessionData(Buffer.alloc(256 * 1024 + 1)), { code: 'WIRE_ERROR', field: 'SessionData' })
})

t.test('mutated bytes are read or refused with WireError, nothing else', async t => {
  let [taken, refused] = [0, 0]
  for (const [samples, read] of [
    [controls.map(encodeSessionControl), readSessionControl],
    [[encodeSessionData(piece)], readSessionData],
  ] as const)
    forAll(mutated(samples), 3000, bytes => {
      try {
        read(bytes)
        taken += 1
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        refused += 1
      }
    })
  t.ok(taken > 0 && refused > 0, `${taken} taken, ${refused} refused`)
})
