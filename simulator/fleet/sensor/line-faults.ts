// What goes wrong with the packets of a line: lost, doubled, late, spoiled, cut off. None of it knows what an update is; the
// device and the broker have to cope.
import { kept, type LineTap, type TapPlace } from './line.ts'
import { type Packet, packetTypes, readPublish, typeOf, withPayload } from './mqtt-packets.ts'

/** Told when it has really been done. */
export type Told = () => void

const isPublish = (packet: Packet): boolean => typeOf(packet) === packetTypes.publish

function isChunkData(packet: Packet): boolean {
  const topic = readPublish(packet)?.topic
  return (
    topic?.endsWith('/chunks/data') === true || (topic?.includes('/broadcast/') === true && topic.endsWith('/data'))
  )
}

/** START, END, ACTIVATE of a broadcast: they come in their order or the connection has ended; one alone is never lost. */
function isSessionWord(packet: Packet): boolean {
  const topic = readPublish(packet)?.topic
  return topic?.includes('/broadcast/') === true && topic.endsWith('/control')
}

/** So much of what the broker publishes is lost, but for the words of a session. */
export function dropping(share: number, told: Told): LineTap {
  return {
    down(packet, place) {
      if (!isPublish(packet) || isSessionWord(packet) || !place.seed.chance(share)) place.down(packet)
      else told()
    },
  }
}

/** No chunk ever arrives. */
export function withoutChunks(told: Told): LineTap {
  return {
    down(packet, place) {
      if (isChunkData(packet)) told()
      else place.down(packet)
    },
  }
}

/** So much of what either side publishes arrives twice. */
export function doubling(share: number, told: Told): LineTap {
  const isDoubled = (packet: Packet, { seed }: TapPlace): boolean => {
    const doubled = isPublish(packet) && seed.chance(share)
    if (doubled) told()
    return doubled
  }
  return {
    down(packet, place) {
      if (isDoubled(packet, place)) place.down(packet)
      place.down(packet)
    },
    up(packet, place) {
      if (isDoubled(packet, place)) place.up(packet)
      place.up(packet)
    },
  }
}

/** A byte at the end of so many pieces of chunks is another one. */
export function spoiling(share: number, told: Told): LineTap {
  return {
    down(packet, place) {
      const published = isChunkData(packet) && place.seed.chance(share) ? readPublish(packet) : undefined
      if (published === undefined) return place.down(packet)
      told()
      const payload = Buffer.from(published.payload)
      payload[payload.length - 1] = (payload.at(-1) ?? 0) ^ 1
      place.down(withPayload(packet, payload))
    },
  }
}

/** Each packet of the broker takes between `leastMs` and `mostMs`; their order stays. */
export function delaying(leastMs: number, mostMs: number, told: Told): LineTap {
  return {
    opened(place) {
      arrivals.set(place, 0)
    },
    down(packet, place) {
      const now = place.clock.monotonicMs()
      const at = Math.max(arrivals.get(place) ?? 0, now + leastMs + place.seed.fraction() * (mostMs - leastMs))
      arrivals.set(place, at)
      const later = kept(packet)
      told()
      place.clock.after(at - now, () => place.down(later))
    },
  }
}
const arrivals = new WeakMap<TapPlace, number>()

/** Both ways take so long, as on a line through space. */
export function latency(ms: number): LineTap {
  return {
    down(packet, place) {
      const later = kept(packet)
      place.clock.after(ms, () => place.down(later))
    },
    up(packet, place) {
      const later = kept(packet)
      place.clock.after(ms, () => place.up(later))
    },
  }
}

/** The connection ends after a while, again and again, `timesMax` times. `meanMs`: of an exponential distribution. */
export function flapping(meanMs: number, timesMax: number, told: Told): LineTap {
  let times = 0
  return {
    opened(place) {
      if (times >= timesMax) return
      place.clock.after(-Math.log(1 - place.seed.fraction()) * meanMs, () => {
        if (!place.open) return
        times += 1
        told()
        place.cut('flapping')
      })
    },
  }
}
