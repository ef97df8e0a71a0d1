// An operator's order to a circuit that many share: through this application's breaker where it has one, which knows
// how long its circuit stays open; else on the record itself.

import type { CircuitBreaker } from '../breaker.ts'
import { warn } from '../core/warning.ts'
import type { Operator } from '../fleet/operator.ts'
import type { StoredCircuit } from '../fleet/storage.ts'
import { command } from './command.ts'
import type { Order } from './order.ts'
import { notFound, Refusal, storageDown } from './refusal.ts'

/** Resolves when storage holds the change. @throws Refusal */
export async function operate(
  operator: Operator,
  name: string,
  breaker: CircuitBreaker | undefined,
  order: Order,
): Promise<void> {
  try {
    if (breaker !== undefined) await command(breaker, order).stored
    else if ((await onRecord(operator, name, order)) === undefined) throw notFound('circuit')
  } catch (error) {
    if (error instanceof Refusal) throw error
    warn(`What was asked of the circuit ${name} is not stored`, error)
    throw storageDown()
  }
}

function onRecord(operator: Operator, name: string, order: Order): Promise<StoredCircuit | undefined> {
  const { by, reason } = order
  switch (order.action) {
    case 'open':
      return operator.open(name, { by, reason })
    case 'half-open':
      return operator.halfOpen(name, { by, reason })
    case 'close':
      return operator.close(name, { by, reason })
    case 'release':
      return operator.release(name, { by, reason })
    case 'force':
      return operator.force(name, order.state, { for: order.for, by, reason })
    default:
      return operator.update(name, order.changes, { by, reason })
  }
}
