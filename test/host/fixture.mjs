// A process that uses a HostStorage as its parent tells it to.
import { parentPort, workerData } from 'node:worker_threads'

const [module, path] = workerData ?? process.argv.slice(2)
const { HostStorage } = await import(module)
const storage = new HostStorage(path === '' ? {} : { path })
const heard = []
/** What a fleet circuit would hold: the newest record it met. */
const mirrors = new Map()
let unhandled = 0
process.on('unhandledRejection', () => unhandled++)

/** @param {string} name */
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
  await storage
    .replace(name, theirs, { epoch, period, state, until, relapses, successes, leases: [], move, mover, why })
    .catch(() => {})
}

const own = {
  /** @param {string} name */
  watch(name) {
    storage.watch(name, {
      changed(_, circuit) {
        heard.push({ changed: circuit })
        adopt(name, circuit)
      },
      noted: (_, note) => heard.push({ note }),
      reconnected() {
        heard.push('reconnected')
        void putBack(name)
      },
    })
  },
  async read(names) {
    const circuits = await storage.read(names)
    names.forEach((name, index) => adopt(name, circuits[index]))
    return circuits
  },
  heard: () => heard,
  unhandled: () => unhandled,
  /** @param {number} ms */
  block(ms) {
    const end = performance.now() + ms
    while (performance.now() < end);
  },
}

const send = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message))

async function obey({ id, verb, args }) {
  try {
    send({ id, answer: await (own[verb] ?? storage[verb].bind(storage))(...args) })
  } catch (error) {
    send({ id, error: error.message })
  }
}

if (parentPort) parentPort.on('message', obey)
else process.on('message', obey)
send({ id: 0 })
