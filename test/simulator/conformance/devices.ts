// Devices for examinations in the process of the test: our agent on all its real adapters, and the same with one thing
// wrong, put around its line to the broker.
import { readFile } from 'node:fs/promises'
import type { AgentPorts, Link, LinkHandlers } from '../../../agent/ports.ts'
import {
  type DeviceEvent,
  encodeEvent,
  encodeHello,
  type Hello,
  readEvent,
  readHello,
} from '../../../proto/messages.ts'
import type { Candidate } from '../../../simulator/conformance/candidate.ts'
import { SceneDevice } from '../../agent/codes/scene-device.ts'

/** What a wrong device does otherwise; what is left out it does as ours. */
export interface Wrongs {
  /** Undefined: the message is lost in the device, and taken for told. */
  readonly hello?: (hello: Hello) => Hello
  /** Undefined: taken for told. Called again when the event is sent again. */
  readonly event?: (event: DeviceEvent) => DeviceEvent | undefined
  /** Events are forgotten as soon as they are sent. */
  readonly forgetful?: true
  /** False: never sent. */
  readonly sends?: (uplink: 'progress' | 'chunks/request', bytes: Uint8Array) => boolean
  /** What the agent gets of what came; undefined: nothing. */
  readonly hears?: (downlink: string, bytes: Uint8Array) => Uint8Array | undefined
  readonly ports?: (ports: AgentPorts) => AgentPorts
}

/** Our agent, without a restart for its images. A kill is an orderly stop. */
export function agentWith(wrongs: () => Wrongs = () => ({})): Candidate {
  return async ({ folder, device: id, secret, port: mqttPort, trust, image, vendor, class: classId, ...provision }) => {
    const wrong = wrongs()
    const device = await SceneDevice.provision(
      folder,
      { id, secret, mqttPort },
      {
        trust: await readFile(trust),
        settings: {
          ...{ vendorId: vendor, classId, storageBytesMax: 100_000_000, chunkTimeoutMs: 700 },
          components: [{ name: provision.component, version: provision.version, image, reboot: false }],
        },
        wrapPorts: ports => {
          const wrapped = { ...ports, link: linkWith(ports.link, wrong) }
          return wrong.ports?.(wrapped) ?? wrapped
        },
      },
    )
    await device.start()
    let running = true
    const stop = async (): Promise<void> => {
      running = false
      await device.stop()
    }
    return {
      ...{ kill: stop, stop },
      async resume() {
        if (!running) await device.start()
        running = true
      },
    }
  }
}

function linkWith(link: Link, { hello, event, forgetful, sends, hears }: Wrongs): Link {
  return {
    start(handlers: LinkHandlers) {
      link.start({
        connected: () => handlers.connected(),
        disconnected: reason => handlers.disconnected(reason),
        broadcast: (channel, session, bytes) => handlers.broadcast(channel, session, bytes),
        message(downlink, bytes) {
          const heard = hears === undefined ? bytes : hears(downlink, bytes)
          if (heard !== undefined) handlers.message(downlink, heard)
        },
      })
    },
    async publish(uplink, bytes) {
      if (uplink === 'hello' && hello !== undefined) return link.publish(uplink, encodeHello(hello(readHello(bytes))))
      if (uplink !== 'events') return link.publish(uplink, bytes)
      const said = event === undefined ? readEvent(bytes) : event(readEvent(bytes))
      const telling = said === undefined ? Promise.resolve() : link.publish(uplink, encodeEvent(said))
      if (!forgetful) return telling
      telling.catch(() => {
        // Nobody will tell it again: that is what is wrong.
      })
    },
    send(uplink, bytes) {
      if (sends === undefined || sends(uplink, bytes)) link.send(uplink, bytes)
    },
    join: session => link.join(session),
    leave: () => link.leave(),
    close: () => link.close(),
  }
}
