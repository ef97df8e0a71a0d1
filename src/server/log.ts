// One line per change of a circuit, and none per rejected call: an outage is not to drown its own story.

import type { Change, Listener } from '../core/listeners.ts'
import type { CircuitState } from '../core/snapshot.ts'

/** Takes a line of text; `error` where a circuit opened or storage went away, else `info`. */
export type Log = (line: string, level: 'error' | 'info') => void

/** A listener that logs; one for all circuits of an application. */
export function logChanges(log: Log, env: string | undefined): Listener {
  let isDown = false
  return {
    stateChange: (breaker, from, to, change) => {
      const place = env === undefined ? breaker.name : `${env}:${breaker.name}`
      log(`[INFUSE] [${place}] ${from} -> ${to}${storyOf(change)}`, levelOf(to))
    },
    // Each circuit hears of it; the storage is one.
    storageDown: () => {
      if (isDown) return
      isDown = true
      log('[INFUSE] circuits are not shared for now: their storage does not answer', 'error')
    },
    storageUp: () => {
      if (!isDown) return
      isDown = false
      log('[INFUSE] circuits are shared again', 'info')
    },
  }
}

function storyOf({ origin, reason, by }: Change): string {
  const who = by === undefined ? '' : `, by ${by}`
  const where = origin === 'remote' ? ', learnt from the fleet' : ''
  const why = reason === undefined ? '' : `: ${reason}`
  return oneLine(`${who}${where}${why}`)
}

/** What people and dependencies wrote may have line ends; a log has one line for it all the same. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

function levelOf(state: CircuitState): 'error' | 'info' {
  return state === 'open' ? 'error' : 'info'
}
