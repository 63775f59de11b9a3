// How scripted devices reach the broker of the stage: what they say is handed to the orchestrator as the values it is.
import type { DeviceEvent, Hello, Progress } from '../../proto/messages.ts'
import type { Stage } from '../world/stage.ts'
import type { DeviceWorld, ScriptedDevice } from './device.ts'
import { type Line, Network } from './network.ts'

export class ScriptedWorld implements DeviceWorld {
  readonly #stage: Stage
  readonly #network: Network

  constructor(stage: Stage, deliversAfterClose: boolean) {
    const { clock, seed, faults, watch, weather } = stage
    this.#stage = stage
    this.#network = new Network(clock, seed.fork('network'), faults, watch, weather)
    this.#network.deliversAfterClose = deliversAfterClose
    stage.connectBy(this.#network)
  }

  get clock(): Stage['clock'] {
    return this.#stage.clock
  }

  get faults(): Stage['faults'] {
    return this.#stage.faults
  }

  connect(device: ScriptedDevice): Line | undefined {
    const { broker } = this.#stage
    return broker?.orchestrator === undefined ? undefined : this.#network.connect(device, broker)
  }

  hello(line: Line, hello: Hello): Promise<boolean> {
    const stage = this.#stage
    return line.say(() => {
      stage.tell(`hello of ${line.device}, ${hello.components[0]?.version}, outbox ${hello.outboxEventCount}`)
      return stage.taken(stage.broker?.orchestrator?.hello(line, hello))
    })
  }

  async event(line: Line, event: DeviceEvent): Promise<boolean> {
    const stage = this.#stage
    const acknowledged = await line.say(() => stage.taken(stage.broker?.orchestrator?.event(line, event)))
    stage.acknowledged(line.device, event)
    return acknowledged
  }

  progress(line: Line, progress: Progress): void {
    void line.say(async () => this.#stage.broker?.orchestrator?.progress(line, progress))
  }

  tell(line: string): void {
    this.#stage.tell(line)
  }
}
