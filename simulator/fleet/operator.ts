// What an operator does for the fleet, by the broker's HTTP door: credentials, labels, the release, the operation, and in
// the end how each execution ended. Many calls at once, but never more than the door takes.
import { Type } from 'typebox'
import {
  type DeviceEdit,
  DeviceView,
  EnrollAnswer,
  ExecutionView,
  ListingOf,
  type OperationRequest,
  OperationView,
  ReleaseView,
} from '../../proto/http-api.ts'
import { pause } from '../clock.ts'
import { FleetFailed } from './failure.ts'
import { callsAtOnce, type HttpDoor, Refused } from './http-door.ts'

const pageLimit = '1000'
/** Pages of one listing: a million of anything. */
const pagesMax = 1001
/** Operations that are looked through for one that another machine has made. */
const operationsLooked = '50'

/** All calls throw Refused, FleetFailed and the reason of the door's signal. */
export class FleetOperator {
  readonly #door: HttpDoor

  constructor(door: HttpDoor) {
    this.#door = door
  }

  /** The MQTT password of each, told as they come. `reuse`: who is enrolled already gets a new one. */
  async enroll(
    devices: readonly string[],
    reuse: boolean,
    told: (device: string, secret: string) => void,
  ): Promise<void> {
    await eachOf(devices, async device => {
      const { secret } = await this.#enrollOne(device, reuse)
      told(device, secret)
    })
  }

  /** Of devices that have said hello. */
  async label(edits: readonly { readonly device: string; readonly edit: DeviceEdit }[]): Promise<void> {
    await eachOf(edits, async ({ device, edit }) => {
      await this.#door.ask(DeviceView, `/v1/devices/${encodeURIComponent(device)}`, { method: 'PATCH', json: edit })
    })
  }

  async remove(devices: readonly string[]): Promise<void> {
    await eachOf(devices, async device => {
      await this.#door.tell(`/v1/devices/${encodeURIComponent(device)}`, { method: 'DELETE' })
    })
  }

  async upload(bundle: Uint8Array): Promise<ReleaseView> {
    return this.#door.ask(ReleaseView, '/v1/artifacts', { method: 'POST', bytes: bundle })
  }

  async release(id: string): Promise<ReleaseView> {
    return this.#door.ask(ReleaseView, `/v1/releases/${encodeURIComponent(id)}`)
  }

  async createOperation(request: OperationRequest): Promise<OperationView> {
    return this.#door.ask(OperationView, '/v1/operations', { method: 'POST', json: request })
  }

  async operation(id: string): Promise<OperationView> {
    return this.#door.ask(OperationView, `/v1/operations/${id}`)
  }

  /** That another machine makes, by its name; asked for until it is there. */
  async operationNamed(name: string, signal: AbortSignal): Promise<OperationView> {
    for (;;) {
      const query = { limit: operationsLooked }
      const { data } = await this.#door.ask(ListingOf(OperationView), '/v1/operations', { query })
      const found = data.find(each => each.name === name)
      if (found !== undefined) return found
      await pause(500, signal)
    }
  }

  /** How many registered devices have ids that begin so. */
  async registered(prefix: string): Promise<number> {
    let count = 0
    for await (const _ of this.#pages(Devices, '/v1/devices', { filter: `id__like=${prefix}-*` })) count += _.length
    return count
  }

  /** Page by page, by id. */
  executions(operation: string): AsyncGenerator<readonly ExecutionView[]> {
    return this.#pages(Executions, `/v1/operations/${operation}/executions`)
  }

  async *#pages<Item extends typeof Devices | typeof Executions>(
    schema: Item,
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): AsyncGenerator<readonly Type.Static<Item>['data'][number][]> {
    let after: string | undefined
    for (let page = 0; page < pagesMax; page += 1) {
      const listing = await this.#door.ask(schema, path, { query: { ...query, limit: pageLimit, after } })
      yield listing.data as readonly Type.Static<Item>['data'][number][]
      if (!listing.has_more) return
      const last = listing.data.at(-1)
      const { next = undefined } = listing as { readonly next?: string }
      after = next ?? (last === undefined ? undefined : 'device' in last ? last.device : last.id)
      if (after === undefined) return
    }
    throw new FleetFailed(`${path}: more than ${pagesMax} pages`)
  }

  async #enrollOne(device: string, reuse: boolean): Promise<EnrollAnswer> {
    try {
      return await this.#door.ask(EnrollAnswer, '/v1/devices/enroll', { method: 'POST', json: { device } })
    } catch (error) {
      const taken = error instanceof Refused && error.status === 409
      if (!taken) throw error
      if (reuse)
        return this.#door.ask(EnrollAnswer, `/v1/devices/${encodeURIComponent(device)}/secret`, { method: 'POST' })
      throw new FleetFailed(
        `${error.message}: give another --prefix, or --reuse if these are sensors of an earlier run`,
      )
    }
  }
}

const Executions = ListingOf(ExecutionView)
const Devices = Type.Object({ ...ListingOf(DeviceView).properties, next: Type.Optional(Type.String()) })

/** So many at a time; the first failure is thrown when none is under way any more. */
async function eachOf<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items.values()
  let failed = false
  const lanes = await Promise.allSettled(
    Array.from({ length: callsAtOnce }, async () => {
      for (const item of waiting) {
        if (failed) return
        try {
          await act(item)
        } catch (error) {
          failed = true
          throw error
        }
      }
    }),
  )
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason
}
