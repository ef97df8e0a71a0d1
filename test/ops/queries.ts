// What a query of Prometheus reads, and what there is to be read: the metrics, labels and values that real breakers
// leave in a real registry.

import { Registry } from 'prom-client'
import { CircuitBreaker } from '../../src/index.ts'
import { collectMetrics } from '../../src/observe/prometheus.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { trip } from '../support/breaker.ts'

/** Per metric, per label, the values. */
export type Exported = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>

export async function exported(): Promise<Exported> {
  const registry = new Registry()
  const breakers = ['a', 'b'].map((name) => new CircuitBreaker({ name, clock: new ManualClock() }))
  const stop = collectMetrics(breakers, registry)
  for (const breaker of breakers) trip(breaker)
  const metrics = await registry.getMetricsAsJSON()
  stop()
  return new Map(
    metrics.map(({ name, values }) => {
      const labels = new Map<string, Set<string>>()
      for (const { labels: at } of values)
        for (const [label, value] of Object.entries(at))
          labels.set(label, (labels.get(label) ?? new Set()).add(String(value)))
      return [name, labels]
    }),
  )
}

/** What Prometheus puts on every series that it scrapes. */
const SCRAPED = ['job', 'instance']
const WORDS = ['sum', 'count', 'max', 'min', 'by', 'on', 'and', 'or', 'unless', 'rate', 'increase', 'vector']
const SELECTOR = /\b(infuse_\w+)(?:\{([^}]*)\})?/g
const MATCHER = /(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"/g
const GROUPING = /\b(?:by|on)\s*\(([^)]*)\)/g

/** What is wrong with a query: what it reads that nobody exports, and words that this reader does not know. */
export function faultsOf(query: string, there: Exported): string[] {
  const faults: string[] = []
  const labels = new Set(SCRAPED)
  for (const [, metric = '', matchers = ''] of query.matchAll(SELECTOR)) {
    const own = there.get(metric)
    if (own === undefined) faults.push(`no metric ${metric}`)
    for (const label of own?.keys() ?? []) labels.add(label)
    for (const [, label = '', , value = ''] of matchers.matchAll(MATCHER)) {
      if (SCRAPED.includes(label)) continue
      const values = own?.get(label)
      if (values === undefined) faults.push(`${metric} has no label ${label}`)
      else if (label !== 'breaker')
        for (const one of value.split('|')) if (!values.has(one)) faults.push(`no ${label} of ${metric} is ${one}`)
    }
  }
  for (const label of groupsOf(query)) if (!labels.has(label)) faults.push(`nothing in it has a label ${label}`)
  const rest = query
    .replace(SELECTOR, '')
    .replace(GROUPING, '')
    .replace(/\[[^\]]*\]/g, '')
  for (const [word] of rest.matchAll(/[a-z_]\w*/gi)) if (!WORDS.includes(word)) faults.push(`unknown word ${word}`)
  return faults
}

/** The labels that it groups by. */
export function groupsOf(query: string): string[] {
  return [...query.matchAll(GROUPING)].flatMap(([, list = '']) => list.split(',').map((label) => label.trim()))
}
