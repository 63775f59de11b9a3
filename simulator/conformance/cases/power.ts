// The device is killed, as a power cut does it, and started again; images that restart it; an image that is not well:
// docs/PROTOCOL.md, sections 6, 11 and 12.
import { type Case, demand, NotApplicable } from '../case.ts'
import type { Examination, Offered } from '../examination.ts'
import { eventsOf, wordOf } from '../signs.ts'
import { answers, traffic } from './answering.ts'
import { lastHello } from './session.ts'

const family = 'power'

/** Down, without a word. */
async function cutPower(at: Examination): Promise<void> {
  at.line.up = false
  at.line.cut()
  await at.restartable().kill()
}

async function powerBack(at: Examination): Promise<number> {
  const mark = at.witness.mark()
  at.line.up = true
  await at.restartable().resume()
  return mark
}

/** Bytes of chunks handed over since `mark`, each chunk counted once. */
function chunkBytes(
  at: Examination,
  offered: Offered,
  mark: number,
): { readonly bytes: number; readonly chunks: Set<number> } {
  const { pieces } = traffic(at, { ...offered, mark })
  const chunks = new Set(pieces.flatMap(({ chunk }) => (chunk === undefined ? [] : [chunk])))
  return { bytes: pieces.reduce((sum, piece) => sum + (piece.chunk === undefined ? 0 : piece.data.length), 0), chunks }
}

export const powerCases: readonly Case[] = [
  {
    name: 'killed-in-download',
    ...{ family, section: '9, 11', quick: true, restarts: true },
    done: 'killed when half of the chunks have come, started again',
    must: 'its hello names the operation; it asks only for what it lacks; success',
    async examine(at) {
      let half = Number.POSITIVE_INFINITY
      let stopped = false
      const seen = new Set<number>()
      answers(at, data => {
        if (data.kind === 'piece' && data.chunk !== undefined) seen.add(data.chunk)
        if (seen.size > half) stopped = true
        return stopped ? [] : [data]
      })
      const goods = at.goods(400_000)
      half = Math.floor(goods.chunks.length / 2)
      const offered = await at.begin(goods)
      await at.witness.until(() => (stopped ? true : undefined), at.patience.updateMs)
      demand(stopped, 'half of the chunks did not come')
      // What came is written down.
      await at.pause(700)
      await cutPower(at)
      at.line.weather = {}
      const mark = await powerBack(at)
      const { hello } = await at.reconnected(mark)
      demand(hello.operation === offered.operation, `a hello that names ${hello.operation ?? 'no operation'}`)
      const code = await at.success(offered)
      const again = chunkBytes(at, offered, mark)
      const all = goods.chunks.length
      demand(
        again.chunks.size <= all - half * 0.8,
        `${again.chunks.size} of ${all} chunks came after the start, ${half} had come before`,
      )
      return `${code}; ${half} of ${all} chunks before, ${again.chunks.size} after`
    },
  },
  {
    name: 'killed-after-accept',
    ...{ family, section: '6, 9', restarts: true },
    done: 'killed as soon as it said that the download begins',
    must: 'it goes on after the start, under the same operation and attempt; success',
    async examine(at) {
      answers(at, () => [])
      const offered = await at.begin(at.goods())
      await at.step(offered.operation, 'downloading')
      await at.pause(300)
      await cutPower(at)
      at.line.weather = {}
      const mark = await powerBack(at)
      await at.reconnected(mark)
      return at.success(offered)
    },
  },
  {
    name: 'killed-three-times',
    ...{ family, section: '9, 11', restarts: true },
    done: 'killed after a quarter, half and three quarters of the chunks',
    must: 'success, and hardly more chunks than there are',
    async examine(at) {
      const goods = at.goods(400_000)
      const seen = new Set<number>()
      let most = Number.POSITIVE_INFINITY
      const fair = (): void =>
        answers(at, data => {
          if (data.kind === 'piece' && data.chunk !== undefined) seen.add(data.chunk)
          return seen.size > most ? [] : [data]
        })
      fair()
      most = goods.chunks.length / 4
      const offered = await at.begin(goods)
      for (const quarter of [1, 2, 3]) {
        most = (goods.chunks.length * quarter) / 4
        await at.witness.until(() => (seen.size > most ? true : undefined), at.patience.updateMs, at.witness.mark())
        await at.pause(500)
        await cutPower(at)
        most = (goods.chunks.length * (quarter + 1)) / 4
        await at.reconnected(await powerBack(at))
      }
      const code = await at.success(offered)
      const { pieces } = traffic(at, offered)
      const came = pieces.reduce((sum, piece) => sum + (piece.chunk === undefined ? 0 : piece.data.length), 0)
      const whole = goods.chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)
      demand(came < whole * 2.2, `${came} bytes of chunks came for ${whole}`)
      return `${code}; ${came} bytes of chunks came for ${whole}`
    },
  },
  {
    name: 'killed-while-it-waits-for-the-go',
    ...{ family, section: '6, 12', restarts: true },
    done: 'killed when the image is whole and its verification was told, before it is installed',
    must: 'success after the start, with exactly one result',
    async examine(at) {
      // The event that tells of it never arrives, so the device stands there.
      at.line.weather = {
        toBroker: packet =>
          packet.kind === 'publish' && packet.publish.topic.endsWith('/events') && verifying(at) ? 'drop' : 'pass',
      }
      const offered = await at.begin(at.goods())
      await at.step(offered.operation, 'verifying', { limitMs: at.patience.updateMs })
      await cutPower(at)
      at.line.weather = {}
      await at.reconnected(await powerBack(at))
      return at.success(offered)
    },
  },
  {
    name: 'result-told-after-power-cut',
    ...{ family, section: '5, 12', restarts: true },
    done: 'the line is cut when the result is due; killed while nobody listens; started again',
    must: 'exactly one result, told after the start',
    async examine(at) {
      let down = false
      at.line.weather = {
        toBroker(packet) {
          if (packet.kind !== 'publish' || !packet.publish.topic.endsWith('/events')) return 'pass'
          const words = eventsOf(at.witness.since(0), undefined).map(({ event }) => wordOf(event))
          if (words.at(-1) !== 'installing' && words.at(-1) !== 'UPD2_OK_18' && words.at(-1) !== 'rebooting')
            return 'pass'
          down = true
          return 'cut'
        },
      }
      const offered = await at.begin(at.goods())
      await at.witness.until(() => (down ? true : undefined), at.patience.updateMs)
      demand(down, 'it never came to installing')
      at.line.up = false
      await at.pause(500)
      await cutPower(at)
      at.line.weather = {}
      await at.reconnected(await powerBack(at))
      return at.success(offered)
    },
  },
  {
    name: 'restart-into-new-image',
    ...{ family, section: '12', quick: true },
    done: 'an update; what the device says around its restart is read',
    must: 'STEP_REBOOTING, then a hello of another boot without operation_id, with version and digest: SYS_112, no UPD2_OK_18',
    async examine(at) {
      const before = lastHello(at)
      const offered = await at.begin(at.goods())
      const code = await at.success(offered)
      if (code !== 'SYS_112') throw new NotApplicable('it installs without a restart')
      const words = eventsOf(at.witness.since(offered.mark), offered.operation).map(({ event }) => wordOf(event))
      demand(words.includes('rebooting'), `no STEP_REBOOTING; seen: ${words.join(', ')}`)
      const hello = lastHello(at)
      demand(hello.bootId !== before.bootId, 'the boot id of the time before')
      demand(hello.operation === undefined, 'a hello that still names the operation')
      return `${words.join(', ')}; hello of a new boot; SYS_112`
    },
  },
  {
    name: 'rollback',
    ...{ family, section: '12', code: 'UPD4_FAIL_40', spoils: true },
    done: 'an image is offered that starts and is not well',
    must: 'the old image runs again; UPD4_FAIL_40, once; the hello says the old version',
    async examine(at) {
      if (at.brokenHead === undefined) throw new NotApplicable('no --broken-image was given')
      const before = at.installed()
      const offered = await at.begin(at.goods(40_000, at.brokenHead))
      const { code } = await at.ended(offered)
      demand(code === 'UPD4_FAIL_40', `${code} instead of UPD4_FAIL_40`)
      await at.ready()
      demand(at.installed()?.digest === before?.digest, `its hello says version ${at.installed()?.version}`)
      const told = await at.results(offered.operation)
      demand(told.join() === 'UPD4_FAIL_40', `results ${told.join(', ')} instead of UPD4_FAIL_40, once`)
      return `UPD4_FAIL_40; version ${before?.version} runs again`
    },
  },
]

function verifying(at: Examination): boolean {
  const last = at.witness.of('event').at(-1)?.event
  return last !== undefined && wordOf(last) === 'verifying'
}
