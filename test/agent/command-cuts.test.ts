// The whole agent at each type of command, with its power cut after every durable change it makes: journal saves, the
// configuration, the beginning of a program. Each ends as it should, told once, and a configuration is never half changed.
// DROVER_LONG=1 has for each change a second cut at every later one; else one second cut, by the seed.
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../proto/json.ts'
import { eachCase, long, seed } from '../fixtures/cases.ts'
import { operationOne } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import { FakeConfiguration, FakePrograms } from './fakes/equipment.ts'
import { commandOf } from './fakes/release.ts'

t.setTimeout(120_000)
t.comment(`DROVER_SEED=${seed}`)

const before = '{"interval":60}'
const after = '{\n  "interval": 30\n}\n'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

interface Ran {
  readonly device: FakeDevice
  readonly configuration: FakeConfiguration
  readonly programs: FakePrograms
}
interface Ending {
  readonly name: string
  readonly type: string
  readonly given: JsonObject
  /** Steps and codes, each once. */
  readonly told: readonly string[]
  readonly prepare?: (at: Ran) => void
  readonly settings?: ConstructorParameters<typeof FakeDevice>[0]
  readonly look: (t: Test, at: Ran, label: string) => void
}

const neverCut = 'never cut'
const unchanged = (t: Test, { configuration }: Ran, label: string): void => {
  t.equal(configuration.text, before, label)
}
const endings: readonly Ending[] = [
  {
    name: 'a backup',
    type: 'config-backup',
    given: {},
    told: ['done'],
    look: (t, at, label) => {
      unchanged(t, at, label)
      t.equal(Buffer.from(at.device.broker.configurations.at(-1)?.content ?? []).toString(), before, label)
    },
  },
  {
    name: 'a change',
    type: 'config-change',
    given: { format: 'merge-patch', patch: { interval: 30 } },
    told: ['done'],
    look: (t, { device, configuration }, label) => {
      t.equal(configuration.text, after, label)
      t.equal(configuration.replaced, 1, `${label}: once`)
      t.equal(String(configuration.previous), before, label)
      t.match(device.broker.lastData(), {
        configuration_digest: sha256(after),
        diff: '[{"op":"replace","path":"/interval","value":30}]',
      })
    },
  },
  {
    name: 'a restore',
    type: 'config-restore',
    given: { content: Buffer.from(after).toString('base64'), sha256: sha256(after), version: 'v0' },
    told: ['done'],
    look: (t, { configuration }, label) => {
      t.equal(configuration.text, after, label)
      t.equal(configuration.replaced, 1, `${label}: once`)
    },
  },
  {
    name: 'a change the device refuses',
    type: 'config-change',
    given: { format: 'merge-patch', patch: { interval: 30 } },
    told: ['UPD4_FAIL_37'],
    prepare: ({ configuration }) => {
      configuration.verdict = { accepted: false, reason: 'exit-1' }
    },
    look: unchanged,
  },
  {
    name: 'a named command',
    type: 'command',
    given: { name: 'measure' },
    told: ['done'],
    look: (t, { programs }, label) => {
      const [first, ...others] = programs.runs.map(({ environment }) => environment.DROVER_REPEATED)
      if (label === neverCut) t.strictSame([first, ...others], [undefined])
      t.ok(
        others.every(repeated => repeated === 'true'),
        `${label}: every further run is told that it may be one`,
      )
    },
  },
  {
    name: 'a reboot',
    type: 'reboot',
    given: {},
    told: [],
    look: (t, { device }, label) => {
      t.ok(device.ordered <= 1, `${label}: asked for once at most`)
      const { hellos } = device.broker
      t.not(hellos.at(-1)?.bootId, hellos[0]?.bootId, label)
      t.equal(hellos.at(-1)?.operation, undefined, label)
    },
  },
  {
    name: 'a reboot of a device that only starts its agent again',
    type: 'reboot',
    given: {},
    told: ['failed'],
    settings: { bootId: 'ab'.repeat(16) },
    look: (t, { device }, label) => {
      t.ok(device.ordered <= 1, `${label}: asked for once at most`)
      t.equal(device.broker.lastData()?.reason, 'not-restarted', label)
    },
  },
]

for (const ending of endings)
  t.test(
    `power cut after every durable change, and a second one later: ${ending.name} ends right, told once`,
    async t => {
      const { type, given, told, look, prepare, settings } = ending
      /** Runs with power cuts after the given counts of durable changes; returns how many there were. */
      const ran = async (cuts: readonly number[]): Promise<number> => {
        const device = new FakeDevice(settings)
        const at: Ran = { device, configuration: new FakeConfiguration(before), programs: new FakePrograms() }
        device.equipment = alive => ({
          configuration: at.configuration.port(alive),
          programs: at.programs.port(alive),
        })
        prepare?.(at)
        device.broker.order = {
          command: commandOf(type, given, operationOne),
          operationType: type,
          operation: operationOne,
        }
        let changes = 0
        let cutNow = false
        const changed = (): void => {
          changes += 1
          if (!cuts.includes(changes)) return
          cutNow = true
          device.cutPower()
        }
        device.disk.onDurable = changed
        at.configuration.onDurable = changed
        at.programs.onDurable = changed
        await device.start()
        await device.run(600_000)
        for (let starts = 0; cutNow && starts < 8; starts += 1) {
          cutNow = false
          await device.start()
          await device.run(600_000)
        }
        const label = cuts.length === 0 ? neverCut : `cut after ${cuts.join(' and ')}`
        t.strictSame(
          device.broker.told().filter(word => word !== 'rebooting'),
          told,
          label,
        )
        t.ok(device.broker.told().filter(word => word === 'rebooting').length <= 1, label)
        t.equal(device.agent?.memory.command, undefined, label)
        t.strictSame(device.disk.durable.outbox, [], label)
        look(t, at, label)
        await device.stop()
        return changes
      }
      const count = await ran([])
      t.ok(count >= 3, `${count} durable changes`)
      const runs = Array.from({ length: count }, (_, index) => index + 1).flatMap(first => {
        const later = Array.from({ length: count }, (_, index) => first + index + 1)
        return [
          [first],
          ...(long ? later : later.slice(seed % count, (seed % count) + 1)).map(second => [first, second]),
        ]
      })
      await eachCase(runs, 3, async cuts => {
        await ran(cuts)
      })
      t.comment(`${runs.length} runs over ${count} durable changes`)
    },
  )
