// The page that Prometheus reads. Nothing is kept up to date here: what is counted is read when somebody asks, all of it
// at the same moment.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Metric } from '../ports.ts'

export interface MetricsPage {
  readonly contentType: string
  readonly body: string
}

/**
 * Of the library's own metrics: those that look at every handle or list every descriptor of the process (with 18,000
 * sockets open one look takes 40 ms and more, in which nothing else happens), and those that are no number, or an
 * enormous one, while nothing has been measured.
 */
const leftOut = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'process_open_fds',
  'nodejs_eventloop_lag_min_seconds',
  'nodejs_eventloop_lag_mean_seconds',
  'nodejs_eventloop_lag_stddev_seconds',
]
/** How often the delay of the event loop is looked at, ms; it is in the figures: an idle loop shows about as much. */
const loopResolutionMs = 20

export class PrometheusMetrics<Figures> {
  readonly #registry = new Registry()
  readonly #rows: readonly (readonly [Metric<Figures>, Counter | Gauge])[]
  #asked: Promise<MetricsPage> | undefined

  /**
   * `process`: with metrics of the process (CPU, memory, event loop, garbage collection), looked at from now on. They
   * keep no process alive, and cannot be taken back: once a process.
   */
  constructor(metrics: readonly Metric<Figures>[], options: { readonly process: boolean }) {
    this.#rows = metrics.map(metric => [metric, this.#made(metric)])
    if (!options.process) return
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: loopResolutionMs })
    for (const name of leftOut) this.#registry.removeSingleMetric(name)
  }

  /** Whoever asks while a page is being made gets the same one. */
  page(figures: () => Figures): Promise<MetricsPage> {
    this.#asked ??= this.#page(figures()).finally(() => {
      this.#asked = undefined
    })
    return this.#asked
  }

  async #page(figures: Figures): Promise<MetricsPage> {
    for (const [metric, series] of this.#rows) {
      series.reset()
      const found = metric.of(figures)
      if (found === undefined) {
        // A row with words has none now; the other kind stands at 0.
        if (metric.label === undefined) series.remove()
      } else if (typeof found === 'number') series.inc(found)
      else for (const [word, count] of Object.entries(found)) series.inc({ [metric.label ?? '']: word }, count)
    }
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }

  #made({ name, help, kind, label }: Metric<Figures>): Counter | Gauge {
    const settings = { name, help, labelNames: label === undefined ? [] : [label], registers: [this.#registry] }
    return kind === 'counter' ? new Counter(settings) : new Gauge(settings)
  }
}
