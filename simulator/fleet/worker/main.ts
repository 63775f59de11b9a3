// A process of virtual sensors, started by the coordinator with a channel for messages (fork). Without its coordinator it
// ends: nobody would hear what it measures. First argument: the most sensors it will be given.
import type { Log } from '../../../agent/ports.ts'
import type { Order, Tiding } from './messages.ts'
import { Worker } from './worker.ts'

/** Thousands of agents at work have thousands of things to say; what counts is in the figures. */
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
const errorTextMax = 4000

const tell = (tiding: Tiding): Promise<void> =>
  new Promise(resolve => {
    // Resolves when it was handed to the channel, so that pages do not pile up; a channel that is gone ends the process.
    if (process.send === undefined || !process.connected) resolve()
    else process.send(tiding, () => resolve())
  })

const worker = new Worker({
  sensorsMax: Number(process.argv[2]),
  log: silent,
  tell,
  facts: {
    memory: collected => {
      const { gc } = globalThis as { readonly gc?: () => void }
      if (collected) gc?.()
      const { rss, heapUsed, external } = process.memoryUsage()
      return { rssBytes: rss, heapBytes: heapUsed + external }
    },
    cpuSeconds: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
  },
})

// One order after the other, as they come.
let orders = Promise.resolve()
process.on('message', (order: Order) => {
  orders = orders.then(() => worker.take(order)).catch(fail)
})
// Ctrl-C reaches the whole terminal: the coordinator decides what ends, and how.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)

function fail(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  void tell({ kind: 'failed', message: message.slice(0, errorTextMax) }).then(() => process.exit(1))
}
