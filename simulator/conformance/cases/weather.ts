// A line that flaps, crawls and loses its broker while an update goes on: docs/PROTOCOL.md, sections 1, 5, 11.
import { type Case, demand } from '../case.ts'
import type { Passed } from '../line.ts'
import { answers, traffic } from './answering.ts'

const family = 'weather'

export const weatherCases: readonly Case[] = [
  {
    name: 'connection-flaps',
    ...{ family, section: '11', quick: true },
    done: 'the line is cut five times in the download, after every seventh answer',
    must: 'it goes on after each hello and asks only for what it lacks; success',
    async examine(at) {
      let cuts = 0
      answers(at, (data, count) => {
        if (cuts === 5 || count % 7 !== 6) return [data]
        cuts += 1
        return 'cut'
      })
      const offered = await at.begin(at.goods(200_000))
      const code = await at.success(offered, at.patience.updateMs + 5 * at.patience.reconnectMs)
      demand(cuts === 5, `only ${cuts} cuts were possible`)
      return `${code} after ${cuts} cuts, ${traffic(at, offered).requests.length} requests`
    },
  },
  {
    name: 'broker-restarts',
    ...{ family, section: '6, 11', quick: true },
    done: 'the broker ends in mid-download and is started again a second later',
    must: 'the device comes back, its operation goes on under a higher lease; success',
    async examine(at) {
      let answered = 0
      answers(at, data => {
        answered += 1
        return answered > 15 && !restarted ? [] : [data]
      })
      let restarted = false
      const offered = await at.begin(at.goods(200_000))
      await at.witness.until(() => (answered > 15 ? true : undefined), at.patience.updateMs)
      demand(answered > 15, 'the download did not begin')
      const mark = at.witness.mark()
      at.line.up = false
      await at.broker.stop()
      at.line.cut()
      await at.pause(1000)
      await at.broker.start()
      restarted = true
      at.line.weather = {}
      at.line.up = true
      const { hello } = await at.reconnected(mark)
      demand(hello.operation === offered.operation, `a hello that names ${hello.operation ?? 'no operation'}`)
      return at.success(offered, at.patience.updateMs + 2 * at.patience.reconnectMs)
    },
  },
  {
    name: 'slow-line',
    ...{ family, section: '11' },
    done: 'every packet to the device takes 20 ms',
    must: 'success',
    async examine(at) {
      at.line.weather = {
        async toDevice(): Promise<Passed> {
          await at.pause(20)
          return 'pass'
        },
      }
      return at.success(await at.begin(at.goods(100_000)), 4 * at.patience.updateMs)
    },
  },
  {
    name: 'away-for-long',
    ...{ family, section: '11' },
    done: 'the line is down for five seconds in mid-download',
    must: 'a lost line costs no retry: success',
    async examine(at) {
      let cut = false
      answers(at, (data, count) => {
        if (cut || count < 10) return [data]
        cut = true
        at.line.up = false
        return 'cut'
      })
      const offered = await at.begin(at.goods(100_000))
      await at.witness.until(() => (cut ? true : undefined), at.patience.updateMs)
      demand(cut, 'the download did not begin')
      await at.pause(5000)
      at.line.weather = {}
      at.line.up = true
      return at.success(offered, at.patience.updateMs + at.patience.reconnectMs)
    },
  },
  {
    name: 'offered-broadcast',
    ...{ family, section: '11' },
    done: 'the update is sent in a broadcast session, which a device may leave out',
    must: 'success, heard or asked for',
    async examine(at) {
      const offered = await at.begin(at.goods(), undefined, { delivery: { transport: 'broadcast', retryByPull: true } })
      const code = await at.success(offered, at.patience.updateMs + 3 * at.patience.silenceMs)
      const joined = at.witness
        .of('subscribe', offered.mark)
        .some(({ filters }) => filters.some(topic => topic.includes('/broadcast/')))
      return `${code}; the session was ${joined ? 'joined' : 'left out'}`
    },
  },
  {
    name: 'repeated-updates',
    ...{ family, section: '6, 12' },
    done: 'three updates one after another',
    must: 'each comes to its one success',
    async examine(at) {
      const codes: string[] = []
      for (let time = 0; time < 3; time += 1) codes.push(await at.success(await at.begin(at.goods())))
      return codes.join(', ')
    },
  },
]
