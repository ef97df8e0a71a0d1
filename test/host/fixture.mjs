// A process, or a thread, that uses a HostStorage as its parent tells it to.
import { parentPort, workerData } from 'node:worker_threads'

/** @import { StoredCircuit, Note } from '../../src/fleet/storage.ts' */
/** @typedef {{ id: number, verb: string, args: readonly any[] }} Request */

/** @type {[string, string]} */
const [module, path] = workerData ?? process.argv.slice(2)
const { HostStorage } = await import(module)
const { CircuitBreaker } = await import(new URL('../index.js', module).href)
const storage = new HostStorage(path === '' ? {} : { path })
/** @type {unknown[]} */
const heard = []
/** What a fleet circuit would hold: the newest record it met. @type {Map<string, StoredCircuit>} */
const mirrors = new Map()
let unhandled = 0
process.on('unhandledRejection', () => unhandled++)

/** @param {string} name @param {StoredCircuit | undefined} circuit */
function adopt(name, circuit) {
  if (circuit && circuit.epoch > (mirrors.get(name)?.epoch ?? 0)) mirrors.set(name, circuit)
}

/** @param {string} name */
async function putBack(name) {
  const mine = mirrors.get(name)
  const [theirs] = await storage.read([name]).catch(() => [])
  adopt(name, theirs)
  if (mine === undefined || (theirs?.epoch ?? 0) >= mine.epoch) return
  const { epoch, period, state, until, relapses, successes, move, mover, why } = mine
  const next = { epoch, period, state, until, relapses, successes, leases: [], move, mover, why }
  await storage.replace(name, theirs, next).catch(() => {})
}

/** @type {Map<string, any>} */
const breakers = new Map()

/** @param {string} name */
function breaker(name) {
  const known = breakers.get(name) ?? new CircuitBreaker({ name, storage })
  breakers.set(name, known)
  return known
}

/** @type {Record<string, (...args: any) => unknown>} */
const own = {
  watch(/** @type {string} */ name) {
    storage.watch(name, {
      changed(/** @type {string} */ _, /** @type {StoredCircuit} */ changed) {
        heard.push({ changed })
        adopt(name, changed)
      },
      noted: (/** @type {string} */ _, /** @type {Note} */ note) => heard.push({ note }),
      reconnected() {
        heard.push('reconnected')
        void putBack(name)
      },
    })
  },
  async read(/** @type {readonly string[]} */ names) {
    const circuits = await storage.read(names)
    for (const [index, name] of names.entries()) adopt(name, circuits[index])
    return circuits
  },
  /** Calls of a breaker that fail. */
  async fail(/** @type {string} */ name, /** @type {number} */ times) {
    for (let time = 0; time < times; time++) {
      const failing = breaker(name).call(() => Promise.reject(new Error('It is down')))
      await failing.catch(() => {})
    }
  },
  async state(/** @type {string} */ name) {
    await breaker(name).ready()
    return breaker(name).state
  },
  close: (/** @type {string} */ name) => breaker(name).close(),
  heard: () => heard,
  unhandled: () => unhandled,
  block(/** @type {number} */ ms) {
    const end = performance.now() + ms
    while (performance.now() < end);
  },
}

/** @param {object} message */
function send(message) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  if (parentPort) parentPort.postMessage(message)
  else process.send?.(message)
}

/** @param {Request} request */
async function answer({ id, verb, args }) {
  try {
    const verbs = own[verb] ? own : storage
    send({ id, answer: await verbs[verb](...args) })
  } catch (error) {
    send({ id, error: String(error) })
  }
}

/** @param {Request} request */
const obey = (request) => void answer(request)
if (parentPort) parentPort.on('message', obey)
else process.on('message', obey)
send({ id: 0 })
