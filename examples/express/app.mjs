// A shop that charges orders at payments. One line guards whatever it calls; the calling code is plain fetch.
import express from 'express'
import { infusePlugin } from 'infuse-breaker/express'

/** @param {{ payments: string, storage?: import('infuse-breaker').CircuitStorage }} needs */
export async function newShop({ payments, storage }) {
  const app = express()
  const infuse = await infusePlugin(app, {
    service: 'shop',
    env: 'example',
    services: { payments },
    circuits: { payments: { failMax: 3, resetTimeout: 500 } },
    storage,
  })
  app.post('/orders', async (_request, response) => {
    const answer = await fetch(`${payments}/charge`, { method: 'POST', signal: AbortSignal.timeout(1_000) })
    response.json({ sold: answer.ok })
  })
  return { app, infuse }
}
