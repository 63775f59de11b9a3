import fc from 'fast-check'
import t, { type Test } from 'tap'
import { encode, WireError } from '../../proto/codec.ts'
import { operationId } from '../../proto/ids.ts'
import { deviceLogBytesMax } from '../../proto/limits.ts'
import { deflatedLog, encodeLogReport, inflatedLog, readLogReport } from '../../proto/log-report.ts'
import { forAll, mutated } from './fuzz.ts'

const operation = operationId('01j9zk3v7m8n5p6q4r2s1t0abc')
const lines = deflatedLog('{"a":"ü"}\n')
const wire = { operationId: operation, attempt: 2, lines, cut: true }
const refuses = (t: Test, bytes: Uint8Array, field: string): void =>
  void t.throws(() => readLogReport(bytes), { name: 'WireError', field })

t.test('a report is read back as it was written', async t => {
  const read = readLogReport(encodeLogReport({ operation, attempt: 2, lines, cut: true }))
  t.same({ ...read, lines: Buffer.from(read.lines) }, { operation, attempt: 2, lines, sizeBytes: 11, cut: true })
  t.equal(inflatedLog(read.lines), '{"a":"ü"}\n')
  t.equal(readLogReport(encodeLogReport({ operation, attempt: 1, lines, cut: false })).cut, false)
  forAll(fc.string({ minLength: 1, maxLength: 3000, unit: 'grapheme' }), 200, text => {
    if (inflatedLog(deflatedLog(text)) !== text) throw new Error(JSON.stringify(text))
  })
})

t.test('what is no log of the permitted size is refused by field', async t => {
  refuses(t, encode('LogReport', { ...wire, lines: Buffer.from('not deflated') }), 'LogReport.lines')
  refuses(t, encode('LogReport', { ...wire, lines: deflatedLog('') }), 'LogReport.lines')
  refuses(t, encode('LogReport', { ...wire, lines: new Uint8Array(0) }), 'LogReport.lines')
  refuses(t, encode('LogReport', { ...wire, lines: deflatedLog('a'.repeat(deviceLogBytesMax + 1)) }), 'LogReport.lines')
  refuses(t, encode('LogReport', { ...wire, attempt: 0 }), 'LogReport.attempt')
  refuses(t, encode('LogReport', { attempt: 1, lines }), 'LogReport.operationId')
  refuses(t, encode('LogReport', { operationId: operation, attempt: 1 }), 'LogReport.lines')
  refuses(t, Buffer.alloc(deviceLogBytesMax + 1025), 'LogReport')
  const largest = 'a'.repeat(deviceLogBytesMax)
  const read = readLogReport(encodeLogReport({ operation, attempt: 1, lines: deflatedLog(largest), cut: false }))
  t.equal(read.sizeBytes, deviceLogBytesMax)
})

t.test('text that is no UTF-8 is no log', async t => {
  const { deflateRawSync } = await import('node:zlib')
  t.equal(inflatedLog(deflateRawSync(Buffer.of(0x61, 0xff, 0x62))), undefined)
})

t.test('mutated bytes are read or refused with WireError, nothing else', async t => {
  forAll(mutated([encodeLogReport({ operation, attempt: 2, lines, cut: true })]), 3000, bytes => {
    try {
      readLogReport(bytes)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
    }
  })
  t.pass('nothing else')
})
