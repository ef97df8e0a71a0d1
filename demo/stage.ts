/** The three services of the demo: payments, and two shops that differ in one line. */
import type { BreakerReport, PaymentsQuestion, PaymentsReport, Transition } from './messages.ts'
import { Service } from './service.ts'

export interface StageOptions {
  /** both shops without a breaker */
  readonly unguarded: boolean
  readonly onTransition: (transition: Transition) => void
  readonly onDeath: (why: string) => void
}

export interface Stage {
  readonly payments: Service<PaymentsQuestion, PaymentsReport>
  readonly guarded: Service<null, BreakerReport | undefined>
  readonly bare: Service<null, undefined>
  close(): Promise<void>
}

export async function openStage({ unguarded, onTransition, onDeath }: StageOptions): Promise<Stage> {
  const payments = await Service.start<PaymentsQuestion, PaymentsReport>('payments', './payments.js', { onDeath })
  const [guarded, bare] = await Promise.all([
    Service.start<null, BreakerReport | undefined>('the shop with a breaker', './shop.js', {
      args: [payments.url, 'guarded', unguarded ? 'bare' : 'guarded'],
      onNews: onTransition,
      onDeath,
    }),
    Service.start<null, undefined>('the shop without', './shop.js', { args: [payments.url, 'bare', 'bare'], onDeath }),
  ])
  const close = async (): Promise<void> => {
    await Promise.all([payments.stop(), guarded.stop(), bare.stop()])
  }
  return { payments, guarded, bare, close }
}
