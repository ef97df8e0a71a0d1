// Metrics for Prometheus, by prom-client: read when they are scraped, so calls pay nothing for them. There is one set of
// metrics per registry, whatever the number of sources; it leaves the registry with the last of them.

import { Counter, Gauge, type Registry, type RegistryContentType } from 'prom-client'
import { bad } from '../core/check.ts'
import { Ledger, type Reading } from './ledger.ts'
import { METRICS, type Metric, type Series } from './metric.ts'
import type { MetricsSource } from './source.ts'

export type { BreakerOwner, MetricsSource } from './source.ts'

type AnyRegistry = Registry<RegistryContentType>

const LEDGERS = new WeakMap<AnyRegistry, Ledger>()

/**
 * Exports a source's numbers in a registry as `infuse_breaker_*` and `infuse_storage_up`; breakers that an `Infuse` makes
 * later are there too. Sources of one registry add up; one that is there already stays as it is.
 * @returns a function that stops: the source's breakers leave the registry, and with the last source all metrics do.
 * @throws TypeError for what is no source or no registry; Error where the registry has other metrics of these names.
 */
export function collectMetrics(source: MetricsSource, registry: Registry<RegistryContentType>): () => void {
  if (typeof (registry as AnyRegistry | undefined)?.registerMetric !== 'function')
    throw bad('registry', 'a Registry of prom-client, such as its `register`', registry, 'registry')
  let ledger = LEDGERS.get(registry)
  if (ledger === undefined) LEDGERS.set(registry, (ledger = ledgerOf(registry)))
  return ledger.add(source)
}

function ledgerOf(registry: AnyRegistry): Ledger {
  const ledger: Ledger = new Ledger(
    () => register(registry, metrics),
    () => unregister(registry, metrics),
  )
  const read = oncePerTurn(() => ledger.read())
  const metrics = new Map(METRICS.map((metric) => [metric.prometheus, make(metric, read)]))
  return ledger
}

/** A scrape asks all metrics in one turn: they share a reading, and tell of one moment. */
function oncePerTurn(read: () => Reading): () => Reading {
  let last: Reading | undefined
  return () => {
    if (last === undefined) queueMicrotask(() => (last = undefined))
    return (last ??= read())
  }
}

// By the map's names, since for OpenMetrics prom-client shortens a counter's own.
function register(registry: AnyRegistry, metrics: ReadonlyMap<string, Counter | Gauge>): void {
  for (const [name, metric] of metrics) {
    if ((registry.getSingleMetric(name) ?? metric) !== metric)
      throw new Error(`The registry has another metric of the name ${name}`)
  }
  // After `registry.clear()` they are gone.
  for (const [name, metric] of metrics)
    if (registry.getSingleMetric(name) === undefined) registry.registerMetric(metric)
}

function unregister(registry: AnyRegistry, metrics: ReadonlyMap<string, Counter | Gauge>): void {
  for (const [name, metric] of metrics) if (registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name)
}

function make(metric: Metric, read: () => Reading): Counter | Gauge {
  const { prometheus: name, help, labels, over: aggregator } = metric
  const options = { name, help, labelNames: labels, aggregator, registers: [] }
  const named = (values: readonly string[]): Record<string, string> =>
    Object.fromEntries(labels.map((label, at) => [label, values[at] ?? '']))
  const all = (series: readonly Series[], put: (labels: Record<string, string>, value: number) => void): void => {
    for (const [value, ...values] of series) put(named(values), value)
  }
  // What is gone must go, and a counter can only be added to: both begin anew each time.
  if (metric.kind === 'counter') {
    return new Counter({
      ...options,
      collect() {
        this.reset()
        all(metric.series(read()), (at, value) => this.inc(at, value))
      },
    })
  }
  return new Gauge({
    ...options,
    collect() {
      this.reset()
      all(metric.series(read()), (at, value) => this.set(at, value))
    },
  })
}
