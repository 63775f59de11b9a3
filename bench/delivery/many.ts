// Ten thousand devices that pull at once, each a MiB at once: what the broker has handed to sockets and the kernel has not
// taken, counted at the sockets themselves, and how much memory it holds, looked at every 50 ms. The kernel takes 4 MiB a
// socket before it lets any of them wait, unless all of them together want too much; so at first nobody reads, until it
// takes no more.

import { deliverySettings } from '../../broker/delivery/delivery-settings.ts'
import { pause } from '../engine/broker-process.ts'
import { Opened } from '../engine/opened.ts'
import type { Print } from '../engine/printing.ts'
import type { PullerVerbs } from './pullers.ts'
import type { Sample, ServerVerbs } from './server.ts'
import type { DeliveryBenchSettings } from './settings.ts'
import { Worker } from './worker.ts'

const chunkBytes = 16 * 1024
const pullersCount = 2
const curvePoints = 16
/** Shorter than the broker's patience with sockets that take nothing while others wait. */
const lookMs = 1000
const looksMost = 20

export function measureMany(settings: DeliveryBenchSettings, print: Print): Promise<void> {
  return Opened.during(opened => measure(opened, settings, print))
}

async function measure(opened: Opened, { many, manyKib, profile }: DeliveryBenchSettings, print: Print): Promise<void> {
  const windowChunks = Math.max(1, Math.round((manyKib * 1024) / chunkBytes))
  const server = Worker.start<ServerVerbs>('server')
  opened.add(() => server.close())
  const { port } = await server.ask('open', { name: 'drover', chunkBytes, windowChunks })
  const pullers = Array.from({ length: pullersCount }, () => Worker.start<PullerVerbs>('pullers'))
  opened.add(() => Promise.all(pullers.map(each => each.close())))
  await server.ask('watch')
  const group = 'many'
  await Promise.all(
    pullers.map((each, index) => {
      const first = Math.floor((many * index) / pullersCount)
      const count = Math.floor((many * (index + 1)) / pullersCount) - first
      const orders = { port, tls: false, chunkBytes, windowChunks, from: first, count, reads: 'all' } as const
      return each.ask('connect', { group, ...orders, comesBack: true })
    }),
  )
  const idle = (await server.ask('watched')).at(-1)
  print('many_devices', many, 'devices')
  print('many_open_file_limit', await server.ask('openFilesMax'), 'files')
  print('many_rss_mib_connected', idle?.rssMib ?? 0, 'MiB')

  if (profile !== undefined) await server.ask('profile', { folder: profile, name: 'many' })
  await server.ask('cpu')
  await server.ask('watch')
  await Promise.all(pullers.map(each => each.ask('hold', { group })))
  const pulling = pullers.map(each => each.ask('pullWindows', { group, windows: 1 }))
  print('many_held_mib_taken_by_kernel', await takenByKernel(server), 'MiB')
  await Promise.all(pullers.map(each => each.ask('release', { group })))
  const pulled = await Promise.all(pulling)
  const samples = await server.ask('watched')
  const { cpuSeconds } = await server.ask('cpu')
  const mib = (pulled.reduce((sum, { chunks }) => sum + chunks, 0) * chunkBytes) / 2 ** 20
  const seconds = Math.max(...pulled.map(each => each.seconds))
  print(
    'many_devices_cut_off',
    pulled.reduce((sum, { cutOff }) => sum + cutOff, 0),
    'devices',
  )
  print('many_throughput', mib / seconds, 'MiB/s')
  print('many_cpu_seconds_per_mib', cpuSeconds / mib, 's')
  printUndrained(samples, print)
  for (const { seconds: at, rssMib } of curve(samples)) print(`many_rss_mib_at_${at.toFixed(1)}_s`, rssMib, 'MiB')
}

/** Resolves when nothing more is taken from the broker, with what was. */
async function takenByKernel(server: Worker<ServerVerbs>): Promise<number> {
  let before = -1
  for (let look = 0; look < looksMost; look += 1) {
    await pause(lookMs)
    const figures = await server.ask('figures')
    const taken = (figures?.bytesTotal ?? 0) - (figures?.undrainedBytes ?? 0)
    if (taken === before) return taken / 2 ** 20
    before = taken
  }
  return before / 2 ** 20
}

function printUndrained(samples: readonly Sample[], print: Print): void {
  const mib = 2 ** 20
  print('many_undrained_mib_max', Math.max(...samples.map(({ undrainedBytes }) => undrainedBytes)) / mib, 'MiB')
  print('many_undrained_mib_limit', deliverySettings().undrainedBytesMax / mib, 'MiB')
  print('many_rss_mib_max', Math.max(...samples.map(({ rssMib }) => rssMib)), 'MiB')
}

/** Some of many, evenly, the first and the last among them. */
function curve(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= curvePoints) return samples
  const step = (samples.length - 1) / (curvePoints - 1)
  return Array.from({ length: curvePoints }, (_, point) => samples[Math.round(point * step)]).filter(
    sample => sample !== undefined,
  )
}
