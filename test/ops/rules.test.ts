import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { promtool } from './promtool.ts'
import { exported, faultsOf, groupsOf } from './queries.ts'

const pathOf = (file: string): string => fileURLToPath(new URL(`../../ops/prometheus/${file}`, import.meta.url))
const text = readFileSync(pathOf('infuse.rules.yml'), 'utf8')
const tests = readFileSync(pathOf('infuse.rules.test.yml'), 'utf8')

interface Alert {
  readonly name: string
  readonly expr: string
  readonly severity: string
  readonly annotations: string
}

// Read by its own layout, which `promtool check rules` has found to be YAML.
const alerts: readonly Alert[] = text
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((block) => ({
    name: /^\w+/.exec(block)?.[0] ?? '',
    expr: (/^ {8}expr: \|\n((?: {10}.*\n)+)/m.exec(block)?.[1] ?? '').trim(),
    severity: /^ {10}severity: (.*)$/m.exec(block)?.[1] ?? '',
    annotations: block.slice(block.indexOf('annotations:')),
  }))

describe('the alert rules', () => {
  it('are rules to Prometheus, all that are read here', async () => {
    expect(await promtool('check', 'rules', pathOf('infuse.rules.yml'))).toContain(`${alerts.length} rules found`)
    expect(alerts.length).toBeGreaterThan(6)
  }, 30_000)

  it('fire when they should and only then, with the words that they should say', async () => {
    expect(await promtool('test', 'rules', pathOf('infuse.rules.test.yml'))).toContain('SUCCESS')
  }, 30_000)

  it('read nothing that is not exported', async () => {
    const there = await exported()
    expect(Object.fromEntries(alerts.map(({ name, expr }) => [name, faultsOf(expr, there)]))).toEqual(
      Object.fromEntries(alerts.map(({ name }) => [name, []])),
    )
  })
})

describe.each(alerts)('the alert $name', ({ name, expr, severity, annotations }) => {
  it('is seen to fire, and its words are tested', () => {
    expect(tests).toContain(`alertname="${name}"`)
    expect(tests).toContain(`alertname: ${name}\n`)
  })

  it('says what happened and what to do, and how bad it is', () => {
    expect(['critical', 'warning']).toContain(severity)
    expect(annotations).toMatch(/summary: '.{20,}'/)
    expect(annotations).toMatch(/description: >-\n {12}.{20,}/)
  })

  it('names only labels that it has', () => {
    const all = groupsOf(expr)
    // What is not grouped has all labels.
    const there = expr.startsWith('infuse_storage_up') ? [...all, 'instance'] : all
    const named = [...annotations.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label)
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((label) => !there.includes(label))).toEqual([])
  })
})

describe('the reader of queries', () => {
  it('finds what is not exported', async () => {
    const there = await exported()
    expect(faultsOf('rate(infuse_breaker_calls_totals[5m])', there)).toEqual(['no metric infuse_breaker_calls_totals'])
    expect(faultsOf('infuse_breaker_state{status="open"}', there)).toEqual(['infuse_breaker_state has no label status'])
    expect(faultsOf('infuse_breaker_state{state="broken"}', there)).toEqual([
      'no state of infuse_breaker_state is broken',
    ])
    expect(faultsOf('sum by (job, verdict) (infuse_breaker_state)', there)).toEqual([
      'nothing in it has a label verdict',
    ])
    expect(faultsOf('sum(up)', there)).toEqual(['unknown word up'])
    expect(faultsOf('sum by (job, state) (rate(infuse_breaker_state{state!="open"}[5m])) > 0', there)).toEqual([])
  })
})
