// A broker with its console as an operator has it: the real program on a data directory, one person for each role.
//
//   const rooms = await openRooms(t, ruleData())
//   const browser = await openBrowser(t)
//   t.test('…', async t => {
//     const { page } = await visit(browser, rooms.origin)
//     await signIn(page, rooms.tokens.operator, '/devices/updates')
import type { Test } from 'tap'
import { call, type RunningBroker, startBroker } from '../../../stories/process.ts'
import { type DataWishes, fillData } from './data.ts'

export type Person = 'viewer' | 'operator' | 'approver' | 'admin'

export interface Rooms {
  readonly folder: string
  readonly origin: string
  readonly tokens: Readonly<Record<Person, string>>
  broker: RunningBroker
  /** JSON, as the administrator. */
  call<T>(method: string, path: string, body?: object | Uint8Array): Promise<T>
  /** Kills the broker, if it runs, and starts it again on the same addresses. */
  restart(): Promise<void>
}

export async function openRooms(t: Test, data?: DataWishes, args: readonly string[] = []): Promise<Rooms> {
  const folder = t.testdir()
  if (data !== undefined) await fillData(folder, data)
  const rooms = await openRoomsIn(folder, args)
  t.teardown(() => rooms.broker.kill())
  return rooms
}

/** On a folder that is there; the caller ends `broker`. */
export async function openRoomsIn(folder: string, args: readonly string[] = []): Promise<Rooms> {
  const broker = await startBroker(folder, undefined, args)
  const made = async (name: string, role: Person): Promise<string> => {
    const { token } = await call<{ token: string }>(broker, 'POST', '/v1/principals', { name, role })
    return token
  }
  const rooms: Rooms = {
    folder,
    origin: `http://127.0.0.1:${broker.httpPort}`,
    tokens: {
      viewer: await made('vera', 'viewer'),
      operator: await made('otto', 'operator'),
      approver: await made('ada', 'approver'),
      admin: broker.token,
    },
    broker,
    call: (method, path, body) => call(rooms.broker, method, path, body),
    async restart() {
      const { mqttPort, httpPort } = rooms.broker
      await rooms.broker.kill()
      rooms.broker = await startBroker(folder, { mqttPort, httpPort }, args)
    },
  }
  return rooms
}
