/** The services of the demo: payments, three shops that share a circuit, and one that has none. */
import type { BreakerReport, News, PaymentsQuestion, PaymentsReport } from './messages.ts'
import { Service } from './service.ts'
import type { Meeting } from './sharing.ts'

/** In the order in which the ledger, the screen and the news name them. */
export const shopNames = ['shop 1', 'shop 2', 'shop 3'] as const

export type Shop = Service<null, BreakerReport | undefined>

export interface StageOptions {
  /** Where the guarded shops share their circuit; `undefined`: no shop has a breaker. */
  readonly meeting: Meeting | undefined
  readonly onNews: (shop: string, news: News) => void
  readonly onDeath: (why: string) => void
}

export interface Stage {
  readonly payments: Service<PaymentsQuestion, PaymentsReport>
  readonly fleet: readonly Shop[]
  readonly bare: Shop
  /** All of them. */
  readonly services: readonly { readonly name: string; readonly url: string; readonly complaints: string }[]
  close(): Promise<void>
}

export async function openStage({ meeting, onNews, onDeath }: StageOptions): Promise<Stage> {
  const payments = await Service.start<PaymentsQuestion, PaymentsReport>('payments', './payments.js', { onDeath })
  const open = (name: string, side: string, guard: readonly string[]): Promise<Shop> =>
    Service.start<null, BreakerReport | undefined>(name, './shop.js', {
      args: [payments.url, side, ...guard],
      onNews: (news: News) => onNews(name, news),
      onDeath,
    })
  const guard = meeting === undefined ? [] : [JSON.stringify(meeting)]
  const [bare, ...fleet] = await Promise.all([
    open('the shop without', 'bare', []),
    ...shopNames.map((name) => open(name, 'guarded', guard)),
  ])
  const all = [payments, ...fleet, bare]
  const close = async (): Promise<void> => {
    await Promise.all(all.map((service) => service.stop()))
  }
  return { payments, fleet, bare, services: all, close }
}
