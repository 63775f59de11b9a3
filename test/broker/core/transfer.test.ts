// What the downloads of an operation took: the sums over the words of its devices.
import t from 'tap'
import type { Policy } from '../../../broker/core/policy.ts'
import { transferIn } from '../../../broker/core/transfer.ts'
import { machine, minute, targetDigest } from './machine.ts'

const word = { held_bytes: '600', received_bytes: '300', wire_bytes: '200' }
const sum = {
  devices: 1,
  imageBytes: 900,
  heldBytes: 600,
  receivedBytes: 300,
  wireBytes: 200,
  patchBytes: 0,
  patchWireBytes: 0,
  broadcastBytes: 0,
}

t.test(
  'an operation adds up what its ended devices said, with the step after the last chunk or with the result',
  async t => {
    const run = machine({}, ['s001', 's002', 's003'])
    run.ready('s001', 's002', 's003')
    run.step('s001', 'verifying', word)
    t.equal(run.operation.transfer, undefined, 'nobody has ended')
    run.succeed('s001')
    t.strictSame(run.operation.transfer, sum)
    run.fail('s002', 'UPD4_FAIL_24', { data: { held_bytes: '1', received_bytes: '2', wire_bytes: '3' } })
    run.succeed('s003')
    t.strictSame(run.operation.transfer, {
      ...sum,
      devices: 2,
      imageBytes: 903,
      heldBytes: 601,
      receivedBytes: 302,
      wireBytes: 203,
    })
  },
)

t.test("a result that takes the place of the broker's own counts once, with what the device says at last", async t => {
  // The operation has others to wait for.
  const two = machine({}, ['s001', 's002'])
  two.ready('s001')
  two.step('s001', 'rebooting', word)
  two.advance(60 * minute).deadline('s001', 'confirm')
  t.match(two.of('s001'), { state: 'failed', code: 'SYS_111', provisional: true })
  t.strictSame(two.operation.transfer, sum)
  two.report(
    's001',
    { kind: 'code', code: 'UPD2_OK_18' },
    { digest: targetDigest, data: { ...word, wire_bytes: '250' } },
  )
  t.match(two.of('s001'), { state: 'completed', code: 'UPD2_OK_18' })
  t.strictSame(two.operation.transfer, { ...sum, wireBytes: 250 })
})

t.test('of several attempts the last word counts', async t => {
  const retries: Policy['retries'] = [{ match: { kind: 'ALL' }, limit: 2, delaySeconds: 0, factor: 1, jitter: 0 }]
  const run = machine({ retries }, ['s001'])
  run.ready('s001')
  run.fail('s001', 'UPD4_FAIL_24', { data: word })
  t.equal(run.of('s001').state, 'pending')
  t.equal(run.operation.transfer, undefined, 'it may still fetch more')
  run.ready('s001')
  run.step('s001', 'verifying', { held_bytes: '900', received_bytes: '0', wire_bytes: '0' })
  run.succeed('s001')
  t.strictSame(run.operation.transfer, { ...sum, heldBytes: 900, receivedBytes: 0, wireBytes: 0 })
})

t.test('patches and sessions are parts of it; what cannot be true is left out', async t => {
  const all = { ...word, patch_bytes: '100', patch_wire_bytes: '20', broadcast_bytes: '30' }
  const rows: readonly (readonly [why: string, said: Record<string, string>, devices: number | undefined])[] = [
    ['all six words', all, 1],
    ['a whole image of the largest size', { received_bytes: `${2 ** 32}`, wire_bytes: '9' }, 1],
    ['an image beyond what a manifest may name', { received_bytes: `${2 ** 32 - 1}`, held_bytes: '2' }, undefined],
    ['more of the patch than came at all', { ...all, patch_wire_bytes: '201' }, undefined],
    ['more heard than received', { ...all, broadcast_bytes: '301' }, undefined],
    ['an image sent a hundred times over', { ...word, wire_bytes: `${100 * 2 ** 32}` }, undefined],
  ]
  for (const [why, said, devices] of rows) {
    const run = machine({}, ['s001'])
    run.ready('s001')
    run.step('s001', 'verifying', said)
    run.succeed('s001')
    t.equal(run.operation.transfer?.devices, devices, why)
  }
  t.strictSame(transferIn({ data: { held_bytes: '-1', wire_bytes: '1e3', received_bytes: ' 1', patch_bytes: '' } }), {})
  t.strictSame(transferIn({ data: { ...all, reason: 'x' } }), { transfer: all })
})
