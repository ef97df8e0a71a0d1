/** Writes a run as Markdown: budgets first, then one table per kind of measure. */
import { budgets } from './budgets.ts'
import type { Run } from './results.ts'
import { fleetSize } from './shared.ts'

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|---|${'---:|'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n')
}

function count(value: number | undefined): string {
  return value === undefined ? '–' : Math.round(value).toLocaleString('en').replaceAll(',', ' ')
}

function times(value: number | undefined): string {
  return value === undefined ? '–' : value < 10 ? value.toFixed(2) : value.toFixed(0)
}

function nanoseconds(value: number | undefined): string {
  if (value === undefined) return '–'
  return value < 10
    ? `${value.toFixed(1)} ns`
    : value < 10_000
      ? `${count(value)} ns`
      : `${(value / 1_000).toFixed(1)} µs`
}

function timedTable(run: Run, columns: readonly [string, string][]): string {
  const shown = columns.filter(([measure]) => run.timed[measure] !== undefined)
  if (shown.length === 0) return ''
  const rows = run.variants
    .filter(({ id }) => shown.some(([measure]) => run.timed[measure]![id] !== undefined))
    .map(({ id, label }) => [
      label,
      ...shown.map(([measure]) => {
        const timed = run.timed[measure]![id]
        return timed === undefined ? '–' : `${nanoseconds(timed.ns)} (${times(timed.ratio)})`
      }),
    ])
  return table(['ns per call (× bare)', ...shown.map(([, title]) => title)], rows)
}

function resourceTable(run: Run): string {
  const rows = run.variants
    .filter(({ id }) => run.held[id] ?? run.allocated[id] ?? run.crowd[id])
    .map(({ id, label, library }) => {
      const crowd = library === 'bare' ? undefined : run.crowd[id]
      const held = library === 'bare' ? undefined : run.held[id]
      return [
        label,
        count(held?.idle),
        count(held === undefined ? undefined : Math.max(0, held.left)),
        count(run.allocated[id]),
        crowd === undefined ? '–' : `${crowd.timersClosed} / ${crowd.timersOpen}`,
        crowd === undefined ? '–' : `${crowd.trials}${crowd.waiting > 1 ? `, ${crowd.waiting - 1} wait for it` : ''}`,
      ]
    })
  if (rows.length === 0) return ''
  const head = [
    '',
    'idle, bytes',
    'left when dropped',
    'allocated per call',
    'timers closed / open',
    'trials of 1000 callers',
  ]
  return table(head, rows)
}

function sharedTable({ shared }: Run): string {
  if (shared === undefined) return ''
  const { calls, commandsPerCall, runsPerSecond, commandsPerSecond } = shared
  const rows = [
    ['Redis commands per healthy call', String(commandsPerCall), `${count(calls)} calls, no refresh among them`],
    ['runs of the script per second and process, for the refresh', runsPerSecond.toFixed(2), 'any number of calls'],
    ['the same with the commands that the script runs', commandsPerSecond.toFixed(2), 'two circuits'],
  ]
  return table([`${fleetSize} processes on one Redis, all well`, 'by `INFO commandstats`', ''], rows)
}

function footprintTable(run: Run): string {
  const rows = Object.entries(run.footprint).map(([name, print]) => [
    `${name} ${run.versions[name] ?? ''}`,
    count(print.modules),
    count(print.bytes),
    count(print.gzip),
    count(print.minifiedGzip),
    print.importTime.toFixed(1),
  ])
  if (rows.length === 0) return ''
  return table(['import', 'modules', 'bytes', 'gzip', 'minified, gzip', 'ms to import'], rows)
}

function budgetTable(run: Run): string {
  const rows = budgets(run)
    .filter(({ verdict }) => verdict !== 'not measured')
    .map(({ what, limit, measured, verdict }) => [what, limit, measured, verdict])
  return rows.length === 0 ? '' : table(['budget', 'at most', 'measured', ''], rows)
}

export function report(run: Run): string {
  const { machine, versions } = run
  const sections: [string, string][] = [
    ['Budgets', budgetTable(run)],
    [
      'Time per call',
      timedTable(run, [
        ['closed', 'closed success'],
        ['failing', 'every second call fails'],
        ['rejected', 'rejected and caught'],
        ['inflight', '1000 in flight'],
      ]),
    ],
    [
      'One failure, with so many calls in the window',
      timedTable(run, [
        ['window-1000', '1000'],
        ['window-100000', '100 000'],
      ]),
    ],
    [
      'Other forms of a closed call',
      timedTable(run, [
        ['wrap', 'wrapped function'],
        ['sync', 'without a promise'],
      ]),
    ],
    ['What a breaker holds', resourceTable(run)],
    ['What a healthy fleet sends', sharedTable(run)],
    ['What an import brings', footprintTable(run)],
  ]
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    '# Benchmarks',
    `${run.date}, ${machine.cpu}, ${machine.cpus} CPUs, ${machine.memory}, ${machine.platform}; ${packages.join(', ')}.
Commit ${run.commit}, seed ${run.seed}, ${run.processes} processes of ${run.rounds} rounds for each timed measure, ${Math.round(run.seconds)} s in all.
How it is measured and what it means: [docs/benchmarks.md](../../docs/benchmarks.md).`,
    ...run.notes,
    ...sections.filter(([, text]) => text !== '').map(([title, text]) => `## ${title}\n\n${text}`),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}
