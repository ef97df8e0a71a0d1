import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { checkQueries } from './promtool.ts'
import { exported, faultsOf } from './queries.ts'

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const page = read('docs/metrics.md')
const rules = read('ops/prometheus/infuse.rules.yml')

it('the page has every metric that is exported, with its labels', async () => {
  for (const [metric, labels] of await exported()) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${metric}\``)) ?? ''
    const [, , , named = ''] = row.split('|')
    expect([...named.matchAll(/`(\w+)`/g)].map(([, label]) => label)).toEqual([...labels.keys()])
    for (const [label, values] of labels) {
      if (label === 'breaker' || label === 'from' || label === 'to' || metric === 'infuse_breaker_state') continue
      for (const value of values) expect(row).toContain(`\`${value}\``)
    }
  }
})

it('the page has every alert, as bad as it is', () => {
  const named = [...page.matchAll(/^\| `(Infuse\w+)` \| (\w+) \|/gm)].map(
    ([, alert, severity]) => `${alert} ${severity}`,
  )
  const there = [...rules.matchAll(/- alert: (\w+)[\s\S]*?severity: (\w+)/g)].map(([, alert, bad]) => `${alert} ${bad}`)
  expect(named).toEqual(there)
})

it('the queries of the page read what is exported', async () => {
  const queries = [...page.matchAll(/^\| [^|`]*\? \| `(.*)` \|$/gm)].map(([, query = '']) => query)
  expect(queries.length).toBeGreaterThan(3)
  const there = await exported()
  expect(queries.map((query) => faultsOf(query, there))).toEqual(queries.map(() => []))
  expect(await checkQueries(queries)).toContain(`${queries.length} rules found`)
}, 30_000)
