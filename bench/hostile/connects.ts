// What a connect costs the broker by plain TCP and by TLS: devices with credentials, each from the TCP connection to the
// CONNACK and away again, some at a time, turn about.
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Opened } from '../engine/opened.ts'
import { median, type Print } from '../engine/printing.ts'
import { deviceSecret } from '../engine/registry.ts'
import type { HostileSettings } from './settings.ts'
import { openStage } from './stage.ts'
import { connectOf } from './strangers.ts'

const rounds = 4
const atOnce = 16
/** Below the burst of one device, and of one address. */
const eachMost = 4
const addresses = 50

export function measureConnects({ connects }: HostileSettings, print: Print): Promise<void> {
  return Opened.during(async opened => {
    const names = Array.from({ length: Math.ceil(connects / eachMost) }, (_, index) => `device-${index}`)
    const { broker, ca } = await openStage(opened, { tls: true, credentials: names })
    const found = { plain: [] as Cost[], tls: [] as Cost[] }
    for (let round = 0; round < rounds; round += 1)
      for (const way of ['plain', 'tls'] as const) {
        const open = (localAddress: string): Socket =>
          way === 'plain'
            ? connectTcp({ port: broker.mqttPort, host: '127.0.0.1', localAddress })
            : connectTls({
                socket: connectTcp({ port: broker.mqttsPort ?? 0, host: '127.0.0.1', localAddress }),
                servername: 'localhost',
                ...(ca === undefined ? {} : { ca }),
              })
        const cpuBefore = await broker.cpuSeconds()
        const startedMs = performance.now()
        const count = Math.ceil(connects / rounds)
        await eachOf(count, turn =>
          comeAndGo(open(`127.0.1.${1 + (turn % addresses)}`), names[turn % names.length] ?? ''),
        )
        const seconds = (performance.now() - startedMs) / 1000
        found[way].push({ ms: (((await broker.cpuSeconds()) - cpuBefore) * 1000) / count, perSecond: count / seconds })
      }
    for (const way of ['plain', 'tls'] as const) {
      print('connect_broker_cpu', median(found[way].map(({ ms }) => ms)), 'ms', way)
      print('connects_per_second', median(found[way].map(({ perSecond }) => perSecond)), '/s', way)
    }
    const ratios = found.tls.map(({ ms }, round) => ms / (found.plain[round]?.ms ?? Number.NaN))
    print('connect_tls_cpu_ratio', median(ratios), 'times')
  })
}

interface Cost {
  readonly ms: number
  readonly perSecond: number
}

async function comeAndGo(socket: Socket, name: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('close', () => reject(new Error(`${name} was not let in`)))
      socket.once('data', bytes => {
        if (bytes[0] === 0x20 && bytes[3] === 0) resolve()
        else reject(new Error(`${name} was refused with ${bytes[3]}`))
      })
      socket.write(connectOf(name, deviceSecret))
    })
  } finally {
    socket.destroy()
  }
}

async function eachOf(count: number, act: (turn: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        const turn = next
        next += 1
        await act(turn)
      }
    }),
  )
}
