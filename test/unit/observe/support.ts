// Breakers to be measured, and the numbers as a scraper or a collector reads them: `name{label="value"}` to value.

import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { Registry, RegistryContentType } from 'prom-client'
import { CircuitBreaker, type CircuitBreakerOptions } from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { fail } from '../../support/breaker.ts'

export { fail, succeed } from '../../support/breaker.ts'

export type Series = Readonly<Record<string, number>>

/** What a scrape of the registry says. */
export async function scrape(registry: Registry<RegistryContentType>): Promise<Series> {
  return parse(await registry.metrics())
}

export function parse(text: string): Series {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

/** Those of a series that are not 0, without the `infuse_`. */
export function filled(series: Series): Series {
  const some = Object.entries(series).filter(([, value]) => value !== 0)
  return Object.fromEntries(some.map(([name, value]) => [name.replace('infuse_', ''), value]))
}

/** The SDK with a reader that collects when it is asked. */
export function telemetry(temporality: AggregationTemporality = AggregationTemporality.CUMULATIVE): {
  readonly provider: MeterProvider
  collect(): Promise<Series>
} {
  const reader = new Reader(temporality)
  const provider = new MeterProvider({ readers: [reader] })
  return { provider, collect: () => reader.series() }
}

class Reader extends MetricReader {
  constructor(temporality: AggregationTemporality) {
    super({
      aggregationTemporalitySelector: () => temporality,
    })
  }

  async series(): Promise<Series> {
    const { resourceMetrics, errors } = await this.collect()
    if (errors.length > 0) throw new AggregateError(errors)
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
    return Object.fromEntries(
      metrics.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => {
          const labels = Object.entries(attributes).map(([key, one]) => `${key}="${String(one)}"`)
          return [`${descriptor.name}{${labels.join(',')}}`, Number(value)]
        }),
      ),
    )
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

export function make(name: string, options: CircuitBreakerOptions = {}): CircuitBreaker {
  return new CircuitBreaker({ name, failMax: 3, clock: options.storage?.clock ?? new ManualClock(), ...options })
}

/** Failures until it is open, and so many calls that are rejected. */
export function open(breaker: CircuitBreaker, rejected = 0): void {
  for (let call = 0; breaker.state !== 'open'; call++) fail(breaker)
  fail(breaker, rejected)
}
