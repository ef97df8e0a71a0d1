// A shop that charges orders at payments. One line guards whatever it calls; the calling code is plain fetch.
import Fastify from 'fastify'
import { infusePlugin } from 'infuse-breaker/fastify'

/** @param {{ payments: string, storage?: import('infuse-breaker').CircuitStorage }} needs */
export async function newShop({ payments, storage }) {
  const app = Fastify()
  await app.register(infusePlugin, {
    service: 'shop',
    env: 'example',
    services: { payments },
    circuits: { payments: { failMax: 3, resetTimeout: 500 } },
    storage,
  })

  app.post('/orders', async () => {
    const response = await fetch(`${payments}/charge`, { method: 'POST', signal: AbortSignal.timeout(1_000) })
    return { sold: response.ok }
  })
  app.get('/health', async () => ({
    circuits: [...app.infuse.breakers.values()].map(({ name, state }) => ({ name, state })),
  }))
  return app
}
