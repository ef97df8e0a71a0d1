// Who waits for a caller's signal. A server's shutdown signal is handed to every call it makes, so each signal gets
// one listener, whatever the number of calls, and none once the last of them is over.

interface Waiting {
  readonly calls: Set<() => void>
  readonly listener: () => void
}

const WAITING = new WeakMap<AbortSignal, Waiting>()

/** Runs `run` when the signal aborts; the answer stops waiting for it. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const { calls, listener } = waitingOn(signal)
  calls.add(run)
  return () => {
    calls.delete(run)
    if (calls.size > 0) return
    signal.removeEventListener('abort', listener)
    WAITING.delete(signal)
  }
}

function waitingOn(signal: AbortSignal): Waiting {
  const known = WAITING.get(signal)
  if (known !== undefined) return known
  const calls = new Set<() => void>()
  const waiting: Waiting = {
    calls,
    listener: () => {
      for (const call of calls) call()
    },
  }
  WAITING.set(signal, waiting)
  signal.addEventListener('abort', waiting.listener)
  return waiting
}
