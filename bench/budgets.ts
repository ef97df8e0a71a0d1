/** The project's budgets for one process, and how a run stands to them. They are printed, never tested. */
import type { Run } from './results.ts'

export interface Budget {
  readonly what: string
  readonly limit: string
  readonly measured: string
  readonly verdict: string
}

interface Rule {
  readonly what: string
  readonly limit: number
  readonly unit: '×' | 'bytes' | 'timers' | 'trials' | 'commands' | 'bytes gzip'
  readonly value: number | undefined
}

function format(value: number, unit: Rule['unit']): string {
  if (unit === '×') return `${value.toFixed(2)} ×`
  if (unit === 'commands') return `${value} ${unit}`
  return `${Math.round(value).toLocaleString('en').replace(',', ' ')} ${unit}`
}

function judge({ limit, unit, value }: Rule): string {
  if (value === undefined) return 'not measured'
  const shown = unit === '×' ? Number(value.toFixed(2)) : unit === 'commands' ? value : Math.round(value)
  if (shown <= limit) return 'met'
  return limit === 0 ? `missed by ${format(shown, unit)}` : `missed by ${((shown / limit - 1) * 100).toFixed(0)} %`
}

/** Trips policies that share a budget are judged one by one. */
export function budgets(run: Run): readonly Budget[] {
  const time = (measure: string, variant: string) => run.timed[measure]?.[variant]
  const [plain, windowed] = ['infuse', 'infuse-window']
  const slower = (variant: string): number | undefined => {
    const [small, large] = [time('window-1000', variant)?.ratio, time('window-100000', variant)?.ratio]
    return small === undefined || large === undefined ? undefined : large / small
  }
  const footprint = run.footprint['infuse']
  const rules: Rule[] = [
    { what: 'closed success', limit: 2.4, unit: '×', value: time('closed', plain)?.ratio },
    { what: 'closed success, time window', limit: 3.5, unit: '×', value: time('closed', windowed)?.ratio },
    {
      what: 'closed success, `anyOf` with a time window',
      limit: 3.5,
      unit: '×',
      value: time('closed', 'infuse-any')?.ratio,
    },
    { what: 'closed success, shared', limit: 3.5, unit: '×', value: time('closed', 'infuse-shared')?.ratio },
    {
      what: 'closed success, shared, time window',
      limit: 3.5,
      unit: '×',
      value: time('closed', 'infuse-shared-window')?.ratio,
    },
    { what: 'storage commands per healthy call', limit: 0, unit: 'commands', value: run.shared?.commandsPerCall },
    { what: 'every second call fails', limit: 1.7, unit: '×', value: time('failing', plain)?.ratio },
    { what: 'every second call fails, time window', limit: 1.7, unit: '×', value: time('failing', windowed)?.ratio },
    { what: 'rejected, to cockatiel', limit: 0.4, unit: '×', value: time('rejected', plain)?.toCockatiel },
    { what: '1000 in flight', limit: 2.5, unit: '×', value: time('inflight', plain)?.ratio },
    { what: '1000 in flight, time window', limit: 2.5, unit: '×', value: time('inflight', windowed)?.ratio },
    { what: 'allocated per call', limit: 750, unit: 'bytes', value: run.allocated[plain] },
    { what: 'allocated per call, time window', limit: 750, unit: 'bytes', value: run.allocated[windowed] },
    { what: 'idle breaker', limit: 1_000, unit: 'bytes', value: run.held[plain]?.idle },
    { what: 'idle breaker, time window', limit: 1_000, unit: 'bytes', value: run.held[windowed]?.idle },
    { what: 'left when dropped', limit: 0, unit: 'bytes', value: left(run) },
    { what: 'timers, closed', limit: 0, unit: 'timers', value: most(run, 'timersClosed') },
    { what: 'timers, open', limit: 0, unit: 'timers', value: most(run, 'timersOpen') },
    { what: 'one failure, 100 000 calls in the window to 1000', limit: 1.2, unit: '×', value: slower(windowed) },
    { what: 'half-open, 1000 callers at once', limit: 1, unit: 'trials', value: most(run, 'trials') },
    { what: "`import 'infuse-breaker'`, as published", limit: 12_000, unit: 'bytes gzip', value: footprint?.gzip },
    { what: "`import 'infuse-breaker'`, minified", limit: 12_000, unit: 'bytes gzip', value: footprint?.minifiedGzip },
  ]
  return rules.map((rule) => ({
    what: rule.what,
    limit: format(rule.limit, rule.unit),
    measured: rule.value === undefined ? '–' : format(rule.value, rule.unit),
    verdict: judge(rule),
  }))
}

function ours(run: Run): readonly string[] {
  return run.variants.filter(({ library }) => library === 'infuse').map(({ id }) => id)
}

function most(run: Run, what: 'timersClosed' | 'timersOpen' | 'trials'): number | undefined {
  const values = ours(run).flatMap((id) => run.crowd[id]?.[what] ?? [])
  return values.length === 0 ? undefined : Math.max(...values)
}

/** The bare call holds nothing: what it shows is the noise of the method, a few bytes either way. */
function left(run: Run): number | undefined {
  const values = ours(run).flatMap((id) => run.held[id]?.left ?? [])
  if (values.length === 0) return undefined
  const worst = Math.max(...values)
  return worst < 8 ? 0 : worst
}
