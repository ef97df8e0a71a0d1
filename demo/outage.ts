/** One round: the script played from start to end, under load, in front of a view. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Told } from './changes.ts'
import { Ledger } from './ledger.ts'
import { Load } from './load.ts'
import type { News } from './messages.ts'
import { type Act, overtime, script } from './script.ts'
import type { Stage } from './stage.ts'

/** Who shows a round while it is played. */
export interface View {
  began(ledger: Ledger): void
  act(ledger: Ledger): void
  transition(ledger: Ledger, told: Told): void
  /** Four times a second. */
  tick(ledger: Ledger): void
  /** Gives the terminal back. */
  end(): void
}

export interface Round {
  readonly ledger: Ledger
  hear(shop: string, news: News): void
  play(): Promise<void>
}

const tick = 250

/** Most customers go to the first shop, so that it is the first to know. The others learn from it. */
const turns = [0, 0, 1, 0, 0, 2] as const

/** `rate` is orders a second for each side; `pace` stretches the acts: 0.5 plays twice as fast. */
export function newRound(stage: Stage, view: View, rate: number, pace: number): Round {
  const acts = script.map((act) => ({ ...act, seconds: act.seconds * pace })) as [Act, ...Act[]]
  const ledger = new Ledger(acts, rate)
  return {
    ledger,
    hear(shop, news) {
      if (news.kind === 'transition') view.transition(ledger, ledger.transition(shop, news))
      else ledger.aloneTimes += 1
    },
    play: () => play(stage, view, ledger),
  }
}

async function play(stage: Stage, view: View, ledger: Ledger): Promise<void> {
  await stage.payments.ask({ reset: true })
  ledger.begin(ledger.act)
  view.began(ledger)
  const loads = [
    new Load(
      turns.flatMap((shop) => stage.fleet[shop]?.url ?? []),
      ledger.rate,
      ledger.guarded,
    ),
    new Load([stage.bare.url], ledger.rate, ledger.bare),
  ]
  const over = new AbortController()
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await sleep(tick)
      await look(stage, ledger)
      ledger.tick()
      view.tick(ledger)
    }
  }
  const watching = watch()

  for (const act of ledger.acts) {
    // The ledger turns the page before payments changes: whatever the change causes is written on the new page.
    ledger.begin(act)
    view.act(ledger)
    await stage.payments.ask({ health: act.health })
    await sleep(act.seconds * 1_000)
  }
  const latest = ledger.time + overtime
  while (!ledger.allClosed && ledger.time < latest) await sleep(tick)

  over.abort()
  await Promise.all([watching, ...loads.map((load) => load.stop())])
  await look(stage, ledger)
}

async function look(stage: Stage, ledger: Ledger): Promise<void> {
  const [payments, ...breakers] = await Promise.all([
    stage.payments.ask({}),
    ...stage.fleet.map((shop) => shop.ask(null)),
  ])
  ledger.payments = payments
  ledger.breakers = breakers
}
