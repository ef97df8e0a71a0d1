// Metrics for OpenTelemetry: observable instruments, read when they are collected, so calls pay nothing for them. There
// is one set per meter, whatever the number of sources. Only types are imported: the meter brings all that is needed.

import type { Attributes, BatchObservableCallback, Meter, MetricOptions, Observable } from '@opentelemetry/api'
import { bad } from '../core/check.ts'
import { Ledger } from './ledger.ts'
import { METRICS, type Metric } from './metric.ts'
import type { MetricsSource } from './source.ts'

export type { BreakerOwner, MetricsSource } from './source.ts'

/** OpenTelemetry has no conventions for circuit breakers: names of our own, but for its `error.type`. */
const ATTRIBUTES: Readonly<Record<Metric['labels'][number], string>> = {
  breaker: 'infuse.breaker.name',
  state: 'infuse.breaker.state',
  verdict: 'infuse.breaker.verdict',
  reason: 'infuse.breaker.reason',
  from: 'infuse.breaker.from',
  to: 'infuse.breaker.to',
}

/** The stable code of a rejection's error. */
const REJECTED: Attributes = { 'error.type': 'ERR_CIRCUIT_OPEN' }

const LEDGERS = new WeakMap<Meter, Ledger>()

/**
 * Exports a source's numbers by a meter as `infuse.breaker.*` and `infuse.storage.up`; breakers that an `Infuse` makes
 * later are there too. Sources of one meter add up; one that is there already stays as it is.
 * @returns a function that stops: the source's breakers are observed no longer.
 * @throws TypeError for what is no source or no meter.
 */
export function observeMetrics(source: MetricsSource, meter: Meter): () => void {
  if (typeof (meter as Meter | undefined)?.addBatchObservableCallback !== 'function')
    throw bad('meter', 'a Meter of OpenTelemetry, such as `metrics.getMeter(name)`', meter, 'meter')
  let ledger = LEDGERS.get(meter)
  if (ledger === undefined) LEDGERS.set(meter, (ledger = ledgerOf(meter)))
  return ledger.add(source)
}

function ledgerOf(meter: Meter): Ledger {
  const instruments = new Map(METRICS.map((metric) => [metric, make(metric, meter)]))
  const observables = [...instruments.values()]
  const ledger: Ledger = new Ledger(
    () => meter.addBatchObservableCallback(observe, observables),
    () => meter.removeBatchObservableCallback(observe, observables),
  )
  const observe: BatchObservableCallback = (result) => {
    const reading = ledger.read()
    for (const [metric, instrument] of instruments) {
      // An SDK goes on telling the last of what it is told no more of: what is gone is in no state.
      const ended = reading.gone.flatMap((name) => metric.ended?.(name) ?? [])
      for (const [value, ...values] of [...metric.series(reading), ...ended])
        result.observe(instrument, value, attributesOf(metric, values))
    }
  }
  return ledger
}

function make({ kind, opentelemetry: name, help: description, unit }: Metric, meter: Meter): Observable {
  const options: MetricOptions = { description, unit }
  if (kind === 'counter') return meter.createObservableCounter(name, options)
  // What is in a state is counted, by OpenTelemetry's conventions, so that processes add up.
  if (kind === 'state') return meter.createObservableUpDownCounter(name, options)
  return meter.createObservableGauge(name, options)
}

function attributesOf(metric: Metric, values: readonly string[]): Attributes {
  const attributes: Attributes = metric.labels.includes('reason') ? { ...REJECTED } : {}
  for (const [at, label] of metric.labels.entries()) attributes[ATTRIBUTES[label]] = values[at] ?? ''
  return attributes
}
