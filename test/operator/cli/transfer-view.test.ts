// What people read of bytes: in `operation show`, in `operation watch`, with a device count of nought.
import t from 'tap'
import { bytesText, sentText, transferText } from '../../../operator/cli/transfer-view.ts'
import type { OperationTransfer } from '../../../proto/http-api.ts'
import { operationView } from '../fake-use-cases.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill } from './run.ts'

const none = { held: 0, patch: 0, compression: 0, broadcast: 0 }
const transfer: OperationTransfer = {
  devices: 12,
  imageBytes: 240_000_000,
  wireBytes: 1_200_000,
  saved: { held: 200_000_000, patch: 30_000_000, compression: 8_800_000, broadcast: 500_000 },
}

t.test('bytes have three digits and the unit that fits', async t => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [7, '7 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1249, '1.25 kB'],
    [9994, '9.99 kB'],
    [9996, '10.0 kB'],
    [99_940, '99.9 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [34_500_000_000, '34.5 GB'],
    [4e16, '40.0 PB'],
    [4e19, '40000 PB'],
  ]
  for (const [bytes, text] of rows) t.equal(bytesText(bytes), text, `${bytes}`)
})

t.test(
  'a transfer is told with its share and with what saved the rest; nothing is told of what saved nothing',
  async t => {
    t.equal(
      transferText(transfer),
      'sent 1.20 MB of 240 MB (0.50 %), saved: held 200 MB, patch 30.0 MB, compression 8.80 MB, heard in broadcasts: 500 kB',
    )
    t.equal(
      transferText({ imageBytes: 1000, wireBytes: 1020, saved: none }),
      'sent 1.00 kB and 20 B around it (chunk index, repetitions)',
    )
    t.equal(transferText({ imageBytes: 0, wireBytes: 0, saved: none }), 'sent 0 B of 0 B')
    t.equal(
      transferText({ imageBytes: 1000, wireBytes: 25, saved: { ...none, patch: 975 } }),
      'sent 25 B of 1.00 kB (2.5 %), saved: patch 975 B',
    )
    t.equal(sentText({ transfer: null, throughput: 2_300_000 }), '2.30 MB/s')
    t.equal(sentText({ transfer: null, throughput: 0 }), undefined)
    t.match(sentText({ transfer, throughput: 2_300_000 }), /^sent 1\.20 MB .* 500 kB; 2\.30 MB\/s$/)
    t.notMatch(sentText({ transfer, throughput: null }), /\/s/)
  },
)

t.test('operation show and watch print it; for programs it is in the JSON', async t => {
  const door = await openDoor(t)
  fill(door)
  const show = async (...flags: string[]) => (await drover(['operation', 'show', operation, ...flags], at(door))).stdout
  t.notMatch(await show(), /transfer/, 'nothing to tell yet')
  door.useCases.operations.set(operation, operationView(operation, { transfer, throughput: 2_300_000 }))
  t.match(await show(), /transfer: +sent 1\.20 MB of 240 MB \(0\.50 %\), saved: held 200 MB.*; 2\.30 MB\/s\n/)
  t.match(JSON.parse(await show('--json')), { transfer, throughput: 2_300_000 })

  const faster = { transfer: null, throughput: 4_100_000 }
  door.useCases.script.push(
    operationView(operation, { ...faster, throughput: 1_500_000 }),
    operationView(operation, faster),
    operationView(operation, { ...faster, updated: 1 }),
    operationView(operation, { state: 'completed', updateStatus: 'Completed', updated: 2, transfer }),
  )
  const { code, stdout } = await drover(['operation', 'watch', operation], at(door))
  t.equal(code, 0)
  const lines = stdout.split('\n')
  t.match(lines[0], /Processing .* of 2, 1\.50 MB\/s$/)
  t.match(lines[1], /1 updated.*, 4\.10 MB\/s$/, 'another speed alone is no line of its own')
  t.match(stdout, /Completed: 2 updated.*\nThe devices were sent 1\.20 MB of 240 MB \(0\.50 %\), saved: /)
})
