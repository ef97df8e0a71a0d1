// Reports: what processes tell with their reads, added up for operators. A storage may do without.

import type { CircuitReport, Presence, Seen } from '../../fleet/storage.ts'
import { type Check, holds, same, type Subject } from './subject.ts'

const STEP = 5_000

export const reportCases: Readonly<Record<string, Check>> = {
  'adds up what processes tell with their reads': reported(async (on) => {
    const [name, other] = [on.name(), on.name()]
    await tell(on, [name, other], { process: 'one', circuits: { [name]: seen(5), [other]: seen(0) } })
    await tell(on, [name], { process: 'two', circuits: { [name]: seen(1) } })
    await tell(on, [name], { process: 'one', circuits: { [name]: seen(2) } })
    const [first, second] = await reports(on, [name, other])
    same(total(first), { calls: 80, successes: 40, failures: 24, rejected: 16, slow: 8 }, 'what all saw')
    same([...(first?.processes ?? [])].sort(), ['one', 'two'], 'who told of the one')
    same(total(second), { calls: 0, successes: 0, failures: 0, rejected: 0, slow: 0 }, 'what was seen of the other')
    same(second?.processes, ['one'], 'who told of the other')
    holds(second?.steps.length === 1, 'a step that nothing happened in is told of too')
  }),

  'reports nothing that nobody told': reported(async (on) => {
    const [name, read, other] = [on.name(), on.name(), on.name()]
    await on.add(name)
    await tell(on, [name, read], { process: 'one', circuits: { [read]: seen(1) } })
    await on.readAll([name, read])
    const told = await reports(on, [other, read, name])
    same(
      told.map((report) => report?.processes),
      [undefined, ['one'], undefined],
      'who told of what',
    )
    same(total(told[1]), { ...seen(1) }, 'what was told once')
    same(await reports(on, []), [], 'no reports')
  }),

  'takes what failed off the calls where successes are not told': reported(async (on) => {
    const name = on.name()
    const { successes: _, ...rest } = seen(1)
    await tell(on, [name], { process: 'one', circuits: { [name]: rest } })
    same(total((await reports(on, [name]))[0]).successes, 7, 'successes')
  }),

  'spreads a report over the time that it covers': reported(async (on) => {
    const name = on.name()
    await tell(on, [name], { process: 'one', circuits: { [name]: seen(100) }, span: 20_000 })
    const [report] = await reports(on, [name])
    const { at = 0, steps = [] } = report ?? {}
    same(total(report), { ...seen(100) }, 'the sum')
    holds(steps.length === 4 || steps.length === 5 || steps.length === 6, 'the steps are those of 20 s')
    holds(
      steps.every(({ start }) => start % STEP === 0 && start <= at && start > at - 20_000 - 3 * STEP),
      'steps begin at multiples of 5 s of the storage',
    )
    holds(
      steps.every(({ start }, index) => index === 0 || start - (steps[index - 1]?.start ?? 0) === STEP),
      'steps are told oldest first',
    )
    for (const { calls } of steps.slice(1, 4)) holds(calls >= 249 && calls <= 251, 'a whole step has its share')
  }),

  'keeps the steps of five minutes': reported(async (on) => {
    const name = on.name()
    await tell(on, [name], { process: 'one', circuits: { [name]: seen(1_000) }, span: Number.MAX_SAFE_INTEGER })
    const [report] = await reports(on, [name])
    const { at = 0, steps = [] } = report ?? {}
    holds(steps.length >= 58 && steps.length <= 60, 'there are 60 steps at most, and few less')
    holds(
      steps.every(({ start }) => start > at - 61 * STEP),
      'none is older',
    )
  }),

  'keeps what processes decided alone': reported(async (on) => {
    const [name, other] = [on.name(), on.name()]
    const circuits = { [name]: seen(1), [other]: seen(1) }
    const open = { state: 'open', since: { in: -2_000 }, until: { in: 8_000 }, why: 'it is “sick”: 1 %' } as const
    const trial = { state: 'half-open', since: { in: 0 }, until: 8.64e15 } as const
    await tell(on, [name, other], { process: 'one', circuits, alone: { [name]: open } })
    await tell(on, [name, other], { process: 'two', circuits, alone: { [name]: trial } })
    await tell(on, [name, other], { process: 'well', circuits })
    const [first, second] = await reports(on, [name, other])
    // A storage may do without this, too.
    if (first?.alone === undefined) return
    const [one, two] = [...first.alone].sort((a, b) => (a.process < b.process ? -1 : 1))
    same([one?.process, one?.state, one?.why], ['one', 'open', open.why], 'what one decided')
    same([two?.process, two?.state, two?.until], ['two', 'half-open', trial.until], 'what another decided')
    same((one?.until ?? 0) - (one?.since ?? 0), 10_000, 'how long that holds')
    holds(Math.abs((first?.at ?? 0) - (one?.since ?? 0) - 2_000) < 5_000, 'times are those of the storage')
    same([first?.alone?.length, second?.alone], [2, []], 'who stands alone')
    await tell(on, [name], { process: 'one', circuits })
    same(
      (await reports(on, [name]))[0]?.alone?.map(({ process }) => process),
      ['two'],
      'who still does',
    )
  }),

  'forgets who tells no more': reported(async (on) => {
    const name = on.name()
    const alone = { [name]: { state: 'open', since: { in: 0 }, until: { in: 60_000 } } } as const
    await tell(on, [name], { process: 'gone', circuits: { [name]: seen(1) }, alone, every: 1 })
    await tell(on, [name], { process: 'there', circuits: { [name]: seen(0) } })
    await on.until(
      async () => ((await reports(on, [name]))[0]?.processes ?? []).join() === 'there',
      'who missed three refreshes is gone',
    )
    const [report] = await reports(on, [name])
    same(total(report), { ...seen(1) }, 'what it saw')
    same(report?.alone ?? [], [], 'what it decided alone')
  }),
}

/** For storages that have the verb. */
function reported(check: Check): Check {
  return async (on) => {
    if (on.storage.reports !== undefined) await check(on)
  }
}

/** So many times a few of everything. */
function seen(times: number): Required<Seen> {
  return { calls: 10 * times, successes: 5 * times, failures: 3 * times, rejected: 2 * times, slow: times }
}

async function tell(on: Subject, names: readonly string[], presence: Presence): Promise<void> {
  await on.settled(() => on.storage.read(names, presence))
}

function reports(on: Subject, names: readonly string[]): Promise<readonly (CircuitReport | undefined)[]> {
  return on.settled(() => on.storage.reports?.(names) ?? [])
}

function total(report: CircuitReport | undefined): Required<Seen> {
  const sum = { calls: 0, successes: 0, failures: 0, rejected: 0, slow: 0 }
  for (const step of report?.steps ?? []) {
    for (const key of ['calls', 'successes', 'failures', 'rejected', 'slow'] as const) sum[key] += step[key]
  }
  return sum
}
