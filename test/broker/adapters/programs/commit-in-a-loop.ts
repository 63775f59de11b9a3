// A process to be killed: commits events with eight in flight and prints the id and the content of each one that the
// store said was durable. Argument: directory of the store.
import { writeSync } from 'node:fs'
import { LevelStore } from '../../../../broker/adapters/level-store.ts'
import { append, device, eventOf, putDevice } from '../../../suites/store-samples.ts'

const [, , directory = ''] = process.argv
const store = await LevelStore.open(directory, { writeBufferBytes: 128 * 1024 })
let next = 0
writeSync(1, 'ready\n')

await Promise.all(
  Array.from({ length: 8 }, async (_, worker) => {
    for (;;) {
      const content = `${process.pid}-${next++}`
      const id = device(`sensor-${worker}`)
      const [event] = await store.commit([
        putDevice(id, { bootId: content }),
        append(eventOf(id, { data: { content, filling: 'x'.repeat(200) } })),
      ])
      writeSync(1, `${event?.id} ${content}\n`)
    }
  }),
)
