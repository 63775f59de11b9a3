// Well-behaved traffic in a thread of its own, so that what the attacks cost the test does not count as the broker's: an
// operator who pings and asks for events, a device that says hello again and again. Posts how long each answer took.
import { parentPort, workerData } from 'node:worker_threads'
import { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import { goodHello, topicOf } from './hostile-scene.ts'

export interface ProbeTask {
  readonly port: number
  readonly operator: string
  readonly token: string
  readonly device: string
  readonly secret: string
}

/** Milliseconds for each round trip in turn; `lost` has a sentence for each connection or answer that went missing. */
export interface ProbeReport {
  readonly ping: number[]
  readonly request: number[]
  readonly hello: number[]
  readonly lost: string[]
}

const { port, operator, token, device, secret } = workerData as ProbeTask
const report: ProbeReport = { ping: [], request: [], hello: [], lost: [] }
let stopping = false

async function repeat(name: keyof Omit<ProbeReport, 'lost'>, everyMs: number, ask: () => Promise<boolean>) {
  while (!stopping) {
    const start = performance.now()
    const answered = await ask().catch(error => {
      report.lost.push(`${name}: ${error}`)
      return true
    })
    report[name].push(performance.now() - start)
    if (!answered) {
      report.lost.push(`${name}: the connection was closed`)
      return
    }
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}

const one = await RawClient.connect(port, { clientId: 'probe', username: operator, password: Buffer.from(token) })
await one.subscribe(`drover/v1/operators/${operator}/accepted/+`)
const other = await RawClient.connect(port, { clientId: device, username: device, password: Buffer.from(secret) })

const request = async (): Promise<boolean> => {
  const number = report.request.length
  const topic = `drover/v1/operators/${operator}/accepted/r${number}`
  one.publish(
    `drover/v1/operators/${operator}/request/event-list`,
    JSON.stringify({ requestId: `r${number}`, limit: 2 }),
  )
  await one.until(() => one.of('publish').at(-1)?.topic === topic)
  return !one.closed
}
const hello = async (): Promise<boolean> => {
  const before = other.of('puback').length
  other.publish(topicOf(device, 'hello'), goodHello(), { qos: 1, id: before + 1 })
  await other.until(() => other.of('puback').length > before)
  return !other.closed
}

parentPort?.once('message', () => {
  stopping = true
})
parentPort?.postMessage('ready')
await Promise.all([repeat('ping', 10, () => one.ping()), repeat('request', 80, request), repeat('hello', 120, hello)])
parentPort?.postMessage(report)
one.destroy()
other.destroy()
