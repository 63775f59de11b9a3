// Loaded into the broker's process before the broker (`node --import`): tells on a port of its own how long the event loop
// was held at the most since it was last asked. The port stands in the file that DROVER_BENCH_PROBE names.
//
// Two figures: the delay as a client feels it, and how much of it the main thread had a processor (Linux counts it): what
// others on the machine did is in the first one only.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const everyMs = 1
const file = process.env.DROVER_BENCH_PROBE

/** Milliseconds of processor time the main thread has had; where nobody counts it, the clock. */
function ranMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    return performance.now()
  }
}

if (file !== undefined) {
  let worst = { delayMs: 0, heldMs: 0 }
  let last = performance.now()
  let lastRan = ranMs()
  setInterval(() => {
    const [now, ran] = [performance.now(), ranMs()]
    const delayMs = Math.max(0, now - last - everyMs)
    const heldMs = Math.min(delayMs, ran - lastRan)
    worst = { delayMs: Math.max(worst.delayMs, delayMs), heldMs: Math.max(worst.heldMs, heldMs) }
    last = now
    lastRan = ran
  }, everyMs).unref()
  const server = createServer((_, response) => {
    response.end(JSON.stringify(worst))
    worst = { delayMs: 0, heldMs: 0 }
  })
  server.listen(0, '127.0.0.1', () => writeFileSync(file, String((server.address() as AddressInfo).port)))
  server.unref()
}
