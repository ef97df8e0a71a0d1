// A process of a fleet: has breakers on storages, calls a dependency that is as well as its parent says, and keeps book.
// Times are those of the machine's monotonic clock, the same in every process.

/** @import { CircuitBreaker, CircuitStorage } from '../../src/index.ts' */
/** @import { BreakerPlan, Book, StoragePlan } from '../support/processes.ts' */
/** @typedef {'ok' | 'fail' | 'hang'} Mode */
/** @typedef {{ breaker: CircuitBreaker, book: Book, mode: Mode, held: ((mode: Mode) => void)[], waiting: { text: string, heard: (at: number) => void }[], ticking?: ReturnType<typeof setInterval> | undefined }} Circuit */

const library = String(process.argv[2])
/** @type {typeof import('../../src/index.ts')} */
const {
  anyOf,
  backoff,
  CircuitBreaker: Breaker,
  consecutive,
  failureRate,
  isCircuitBreakerError,
} = await import(`${library}index.js`)

const now = () => Number(process.hrtime.bigint()) / 1e6
/** @type {Map<string, CircuitStorage>} */
const storages = new Map()
/** @type {Map<string, Circuit>} */
const circuits = new Map()
/** @type {(() => unknown)[]} */
const endings = []
/** @type {string[]} */
const warnings = []
let unhandled = 0
process.on('unhandledRejection', (reason) => {
  unhandled++
  console.error('unhandled', reason)
})
process.on('warning', (warning) => warnings.push(`${warning.name}: ${warning.message}`))
process.on('disconnect', () => process.exit())

/** The client of a user who did no more than its page says. @param {Extract<StoragePlan, { kind: 'redis' }>} plan */
async function connect({ client: family, port, sentinel, cluster, wait = true }) {
  const host = '127.0.0.1'
  /** @type {any} */
  let client
  if (family.startsWith('redis')) {
    const { createClient, createCluster, createSentinel } = await import(family)
    if (sentinel) client = createSentinel({ name: 'main', sentinelRootNodes: [{ host, port }] })
    else if (cluster) client = createCluster({ rootNodes: [{ socket: { host, port } }] })
    else client = createClient({ socket: { host, port } })
    endings.push(() => client.destroy())
  } else {
    const { Redis, Cluster } = await import(family)
    if (sentinel) client = new Redis({ sentinels: [{ host, port }], name: 'main', lazyConnect: true })
    else if (cluster) client = new Cluster([{ host, port }], { lazyConnect: true })
    else client = new Redis({ host, port, lazyConnect: true })
    endings.push(() => client.disconnect())
  }
  client.on('error', () => {})
  const connected = client.connect()
  if (wait) await connected
  else connected.catch(() => {})
  return client
}

/** @param {BreakerPlan['clock']} skew */
function clockOf(skew) {
  if (skew === undefined) return {}
  const { ahead = 0, drift = 0 } = skew
  return { clock: { now: () => performance.now() * (1 + drift) + ahead, wallNow: () => Date.now() + ahead } }
}

/** @param {BreakerPlan['trip']} trip */
function tripOf(trip) {
  if (trip === undefined) return {}
  const parts = [
    ...(trip.consecutive ? [consecutive(trip.consecutive)] : []),
    ...(trip.rate ? [failureRate(trip.rate)] : []),
  ]
  const [first, ...more] = parts
  return first && { trip: anyOf(first, ...more) }
}

/** @param {string} name */
function circuit(name) {
  const found = circuits.get(name)
  if (found === undefined) throw new Error(`No breaker ${name} here`)
  return found
}

/** One call; how it ended and how long that took beyond the function itself. @param {Circuit} at @param {Mode} [mode] */
async function call(at, mode) {
  const { breaker, book } = at
  const begun = now()
  let inside = 0
  /** @type {Book['runs'][number] | undefined} */
  let run
  try {
    await breaker.call(async () => {
      const start = now()
      run = { start, end: 0, outcome: 'hang', state: breaker.state, scope: breaker.explain().scope }
      book.runs.push(run)
      if (book.runs.length > 20_000) book.runs.splice(0, 10_000)
      let outcome = mode ?? at.mode
      if (outcome === 'hang') outcome = await new Promise((resolve) => at.held.push(resolve))
      run.outcome = outcome
      run.end = now()
      inside = run.end - start
      if (outcome === 'fail') throw new Error('the dependency is sick')
    })
    return { answer: 'ok', added: now() - begun - inside }
  } catch (thrown) {
    const error = /** @type {any} */ (thrown)
    const added = now() - begun - inside
    book.slowest = Math.max(book.slowest, added)
    if (isCircuitBreakerError(error)) {
      const answer = error.reason
      if (answer !== 'tripped' && answer !== 'trial-failed') {
        book.rejections++
        book.firstRejection ??= now()
        book.lastRejection = now()
      }
      return { answer, added }
    }
    if (error instanceof Error && error.message === 'the dependency is sick') return { answer: 'failed', added }
    book.thrown.push(String(error))
    return { answer: String(error), added }
  }
}

/** @type {Record<string, (...args: any) => unknown>} */
const verbs = {
  async storage(/** @type {string} */ id, /** @type {StoragePlan} */ plan) {
    if (plan.kind === 'host') {
      const { HostStorage } = await import(`${library}host/index.js`)
      storages.set(id, new HostStorage({ path: plan.path, ...plan.options }))
    } else {
      const { RedisStorage } = await import(`${library}redis/index.js`)
      storages.set(id, new RedisStorage(await connect(plan), plan.options))
    }
    endings.push(() => storages.get(id)?.dispose?.())
  },
  async breaker(/** @type {string} */ name, /** @type {BreakerPlan} */ plan) {
    const { as = name, storage, trip, clock, backingOff, ...options } = plan
    /** @type {Book} */
    const book = {
      events: [],
      runs: [],
      thrown: [],
      rejections: 0,
      firstRejection: undefined,
      lastRejection: undefined,
      slowest: 0,
    }
    /** @type {Circuit['waiting']} */
    const waiting = []
    const log = (/** @type {string} */ text) => {
      const at = now()
      book.events.push({ at, text })
      for (const each of waiting.splice(0)) {
        if (text.startsWith(each.text)) each.heard(at)
        else waiting.push(each)
      }
    }
    const breaker = new Breaker({
      name,
      ...options,
      ...(storage && { storage: /** @type {CircuitStorage} */ (storages.get(storage)) }),
      ...tripOf(trip),
      ...clockOf(clock),
      ...(backingOff && { resetTimeout: backoff(backingOff) }),
      listeners: [
        {
          stateChange: (_, from, to, { origin }) => log(`${from}->${to} ${origin}`),
          storageDown: () => log('down'),
          storageUp: () => log('up'),
        },
      ],
    })
    circuits.set(as, { breaker, book, mode: 'ok', held: [], waiting })
    const begun = now()
    await breaker.ready()
    return now() - begun
  },
  /** One after the other. */
  async call(/** @type {string} */ name, /** @type {Mode} */ mode, times = 1) {
    const answers = []
    for (let left = times; left > 0; left--) answers.push(await call(circuit(name), mode))
    return answers
  },
  /** All at once. */
  burst: (/** @type {string} */ name, /** @type {Mode} */ mode, /** @type {number} */ times) =>
    Promise.all(Array.from({ length: times }, () => call(circuit(name), mode))),
  /** Without a promise; there is no waiting for a place. */
  callSync(/** @type {string} */ name) {
    try {
      circuit(name).breaker.callSync(() => {
        circuit(name).book.runs.push({
          start: now(),
          end: now(),
          outcome: 'ok',
          state: circuit(name).breaker.state,
          scope: 'fleet',
        })
      })
      return 'ok'
    } catch (error) {
      return isCircuitBreakerError(error) ? /** @type {any} */ (error).reason : String(error)
    }
  },
  /** Starts a call and leaves it waiting; `release` ends all that wait. Answers whether it runs. */
  async hold(/** @type {string} */ name) {
    const at = circuit(name)
    const before = at.held.length
    const ended = call(at, 'hang')
    for (;;) {
      if (at.held.length > before) return 'runs'
      const answer = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1))])
      if (answer !== undefined) return /** @type {{ answer: string }} */ (answer).answer
    }
  },
  /** The eldest first. */
  release(/** @type {string} */ name, /** @type {Mode} */ mode, most = Infinity) {
    for (const end of circuit(name).held.splice(0, most)) end(mode)
  },
  /** A call every so many ms, as well as `mode` says at the time. */
  traffic(/** @type {string} */ name, /** @type {number} */ every) {
    const at = circuit(name)
    clearInterval(at.ticking)
    at.ticking = setInterval(() => void call(at), every)
  },
  mode(/** @type {string} */ name, /** @type {Mode} */ mode) {
    circuit(name).mode = mode
  },
  rest(/** @type {string} */ name) {
    clearInterval(circuit(name).ticking)
  },
  does: (/** @type {string} */ name, /** @type {'open' | 'close'} */ verb, /** @type {any[]} */ ...args) =>
    /** @type {any} */ (circuit(name).breaker)[verb](...args),
  settled: (/** @type {string} */ name) => circuit(name).breaker.settled(),
  look(/** @type {string} */ name) {
    const { breaker, book } = circuit(name)
    const { scope, reason, text, forced, openedAt, nextTrialAt, counts } = breaker.explain()
    const { state, stats, failCounter } = breaker
    return {
      state,
      scope,
      reason,
      text,
      forced,
      openedAt,
      nextTrialAt,
      counts,
      failCounter,
      stats: { ...stats },
      ...book,
    }
  },
  /** Resolves with the time of the first such event that was not forgotten. */
  seen(/** @type {string} */ name, /** @type {string} */ text) {
    const { book, waiting } = circuit(name)
    const found = book.events.find((event) => event.text.startsWith(text))
    return found?.at ?? new Promise((heard) => waiting.push({ text, heard }))
  },
  /** Forgets what was noted so far. */
  forget(/** @type {string} */ name) {
    const { book } = circuit(name)
    Object.assign(book, {
      events: [],
      runs: [],
      thrown: [],
      rejections: 0,
      firstRejection: undefined,
      lastRejection: undefined,
      slowest: 0,
    })
  },
  /** Calls one after the other, each timed. */
  async measure(/** @type {string} */ name, /** @type {number} */ times) {
    const { breaker } = circuit(name)
    const took = new Float64Array(times)
    for (let index = 0; index < times; index++) {
      const begun = now()
      await breaker.call(async () => 1).catch(() => {})
      took[index] = now() - begun
    }
    took.sort()
    const at = (/** @type {number} */ share) => took[Math.min(times - 1, Math.floor(share * times))]
    return { p50: at(0.5), p99: at(0.99), max: took[times - 1] }
  },
  /** Commands a change, and is busy with something else for so many ms before it can hear the answer. */
  async busy(/** @type {string} */ name, /** @type {number} */ ms) {
    const done = circuit(name).breaker.open()
    await new Promise((resolve) => setTimeout(resolve, 1))
    const end = now() + ms
    while (now() < end);
    await done
  },
  faults: () => ({ unhandled, warnings }),
  dispose: (/** @type {string} */ name) => circuit(name).breaker.dispose(),
  /** Ends everything in good order; a process that has nothing left to do ends by itself. */
  async end() {
    for (const { breaker, ticking } of circuits.values()) {
      clearInterval(ticking)
      await breaker.dispose()
    }
    for (const end of endings.splice(0).toReversed()) await end()
    setTimeout(() => process.disconnect(), 0)
  },
}

/** @param {{ id: number, verb: string, args: readonly any[] }} request */
async function answer({ id, verb, args }) {
  try {
    const run = verbs[verb]
    if (run === undefined) throw new Error(`No such verb: ${verb}`)
    process.send?.({ id, answer: await run(...args) })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
}
process.on('message', (/** @type {any} */ request) => void answer(request))
process.send?.({ id: 0 })
