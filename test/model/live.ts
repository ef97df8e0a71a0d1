// One call on a real breaker that stays in flight until the run ends it, whatever form it was made in.

import type { CircuitBreaker, Permit, Verdict } from '../../src/index.ts'
import { CircuitBreaker as Breaker } from '../../src/index.ts'
import { deferred, ended, endedSync, errorOf, flush, watch } from '../support/async.ts'
import type { Settled } from '../support/async.ts'
import type { Ending, Form } from './steps.ts'

export class Excluded extends Error {}
export class Ignored extends Error {}

const good = 'a value'
export const bad = 'a bad value'

/** What a verdict the ending of a call in this form is, by API.md. */
export function verdictOf(form: Form | 'sync', ending: Ending, classify: boolean): Verdict {
  if (ending === 'nothing') return form === 'call' || form === 'wrap' || form === 'sync' ? 'success' : 'ignore'
  if (ending === 'bad value') return classify && ['call', 'wrap', 'run', 'sync'].includes(form) ? 'failure' : 'success'
  if (ending === 'error') return 'failure'
  return ending === 'value' || ending === 'excluded' ? 'success' : 'ignore'
}

const elsewhere = new Breaker({ name: 'elsewhere' })
void elsewhere.open()
const rejection: unknown = await errorOf(elsewhere.call(() => good))

/** What the function gives or throws; a fresh error each time, so that a mix-up shows. */
export function made(ending: Ending): Settled {
  if (ending === 'error') return { ok: false, error: new Error('the dependency is down') }
  if (ending === 'excluded') return { ok: false, error: new Excluded('the dependency said no') }
  if (ending === 'ignored') return { ok: false, error: new Ignored('no evidence') }
  if (ending === 'rejection') return { ok: false, error: new Error('wrapped', { cause: rejection }) }
  return { ok: true, value: ending === 'bad value' ? bad : good }
}

/** How a call was ended, and what its caller saw. */
export interface Ended {
  /** What the caller sees where nothing is replaced. */
  readonly expected: Settled
  /** Undefined: still pending, which is a fault, or there is nobody to see it (`isSeen`). */
  readonly got: Settled | undefined
  /** false: whoever holds a permit, or stops an iteration, gets nothing back. */
  readonly isSeen: boolean
  /** The caller went away before there was an outcome. */
  readonly gaveUp: boolean
}

export interface InFlight {
  readonly form: Form
  /** The rejection, where the call was not let in. */
  readonly refused: unknown
  readonly ran: boolean
  end(ending: Ending): Promise<Ended>
}

export async function begin(breaker: CircuitBreaker, form: Form): Promise<InFlight> {
  if (form === 'acquire' || form === 'acquireSync') return beginPermit(breaker, form)
  if (form === 'iterate' || form === 'iterateSync') return beginIteration(breaker, form)
  return beginCall(breaker, form)
}

async function beginCall(breaker: CircuitBreaker, form: 'call' | 'wrap' | 'run'): Promise<InFlight> {
  const work = deferred<unknown>()
  const abort = new AbortController()
  let ran = false
  const fn = (): Promise<unknown> => {
    ran = true
    return work.promise
  }
  const calls = {
    call: () => breaker.call(fn),
    wrap: () => breaker.wrap(fn)(),
    run: () => breaker.run(fn, { signal: abort.signal }),
  }
  const call = watch(calls[form]())
  await flush()
  return {
    form,
    ran,
    refused: call.settled?.ok === false ? call.settled.error : undefined,
    async end(ending) {
      let expected = made(ending)
      if (form === 'run' && ending === 'nothing') {
        expected = { ok: false, error: new Error('the caller went away') }
        abort.abort(expected.error)
      } else if (expected.ok) work.resolve(expected.value)
      else work.reject(expected.error)
      await flush()
      return { expected, got: call.settled, isSeen: true, gaveUp: form === 'run' && ending === 'nothing' }
    },
  }
}

async function beginPermit(breaker: CircuitBreaker, form: 'acquire' | 'acquireSync'): Promise<InFlight> {
  const asked = form === 'acquire' ? await ended(breaker.acquire()) : endedSync(() => breaker.acquireSync())
  if (!asked.ok)
    return { form, ran: false, refused: asked.error, end: () => Promise.reject(new Error('No permit to end')) }
  const permit: Permit = asked.value
  return {
    form,
    ran: true,
    refused: undefined,
    async end(ending) {
      const outcome = made(ending)
      if (ending === 'nothing') permit[Symbol.dispose]()
      else if (outcome.ok) permit.success(outcome.value)
      else permit.failure(outcome.error)
      return { expected: outcome, got: undefined, isSeen: false, gaveUp: ending === 'nothing' }
    },
  }
}

async function beginIteration(breaker: CircuitBreaker, form: 'iterate' | 'iterateSync'): Promise<InFlight> {
  let last: Settled = { ok: true, value: good }
  const finish = (): unknown => {
    if (!last.ok) throw last.error
    return last.value
  }
  const rows =
    form === 'iterate'
      ? breaker.iterate(async function* () {
          yield 1
          return finish()
        })
      : breaker.iterateSync(function* () {
          yield 1
          return finish()
        })
  const step = async (move: () => unknown): Promise<Settled> => {
    const moved = watch((async () => move())())
    await flush(40)
    return moved.settled ?? { ok: false, error: new Error('The iteration did not move') }
  }
  const first = await step(() => rows.next())
  return {
    form,
    ran: first.ok,
    refused: first.ok ? undefined : first.error,
    async end(ending) {
      if (ending === 'nothing')
        return { expected: last, got: await step(() => rows.return(undefined as never)), isSeen: false, gaveUp: true }
      last = made(ending === 'bad value' ? 'value' : ending)
      const got = await step(() => rows.next())
      return {
        expected: last,
        got: got.ok ? { ok: true, value: (got.value as IteratorResult<unknown>).value } : got,
        isSeen: true,
        gaveUp: false,
      }
    },
  }
}
