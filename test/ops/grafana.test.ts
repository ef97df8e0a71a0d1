import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkQueries } from './promtool.ts'
import { exported, faultsOf, groupsOf } from './queries.ts'

interface Target {
  readonly expr: string
  readonly legendFormat?: string
  readonly datasource: { readonly uid: string }
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly description: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets: readonly Target[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

const text = readFileSync(new URL('../../ops/grafana/infuse.json', import.meta.url), 'utf8')
const { panels, templating } = JSON.parse(text) as Dashboard
const variables = templating.list.map(({ name }) => name)

/** As Grafana fills them in. */
function filled(query: string): string {
  return query.replaceAll('$__rate_interval', '5m').replace(/\$(\w+)/g, (all, name: string) => {
    return variables.includes(name) ? '.*' : all
  })
}

const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => filled(expr)))
const values = templating.list.flatMap(({ definition }) => {
  const [, metric, label] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? []
  return metric === undefined || label === undefined ? [] : [{ query: filled(metric), label }]
})

describe('the dashboard for Grafana', () => {
  it('has queries in every panel and variable', () => {
    expect(queries.length).toBeGreaterThan(10)
    expect(panels.filter(({ targets }) => targets.length === 0)).toEqual([])
    expect(values).toHaveLength(templating.list.filter(({ definition }) => definition !== undefined).length)
    expect([...text.matchAll(/"(?:expr|definition)":/g)]).toHaveLength(queries.length + values.length)
    expect(queries.join('')).not.toContain('$')
  })

  it('has queries that Prometheus understands', async () => {
    const all = [...queries, ...values.map(({ query }) => query)]
    expect(await checkQueries(all)).toContain(`${all.length} rules found`)
  }, 30_000)

  it('reads nothing that is not exported', async () => {
    const there = await exported()
    const faults = [...queries, ...values.map(({ query, label }) => `sum by (${label}) (${query})`)]
    expect(faults.map((query) => [query, faultsOf(query, there)])).toEqual(faults.map((query) => [query, []]))
  })

  it('leaves no metric out', async () => {
    for (const metric of (await exported()).keys()) expect(queries.join('\n')).toMatch(new RegExp(`\\b${metric}\\b`))
  })

  it('asks the data source that was chosen', () => {
    expect(variables).toContain('datasource')
    expect(new Set(text.match(/"uid": "\$[^"]*"/g))).toEqual(new Set(['"uid": "${datasource}"']))
    for (const { targets } of panels) for (const { datasource } of targets) expect(datasource.uid).toBe('${datasource}')
  })

  it('names series only by labels that they have', () => {
    for (const { targets } of panels) {
      for (const { expr, legendFormat = '' } of targets) {
        const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
        expect(groupsOf(expr)).toEqual(expect.arrayContaining(named))
      }
    }
  })

  it('has panels that explain themselves and stand side by side', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { description } of panels) expect(description).toMatch(/\w{4}/)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  })
})
