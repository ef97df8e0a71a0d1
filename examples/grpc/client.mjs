// A client of payments, guarded: unary calls and streams go through the breaker of its name.
import grpc from '@grpc/grpc-js'
import protoLoader from '@grpc/proto-loader'
import { grpcInterceptor } from 'infuse-breaker/grpc'
import { fileURLToPath } from 'node:url'

const definition = protoLoader.loadSync(fileURLToPath(new URL('payments.proto', import.meta.url)))
/** @type {any} */
export const { Payments } = grpc.loadPackageDefinition(definition)['shop']

/** @param {string} target @param {import('infuse-breaker').Infuse} infuse */
export function newClient(target, infuse) {
  return new Payments(target, grpc.credentials.createInsecure(), { interceptors: [grpcInterceptor(infuse)] })
}

/** @param {any} client @param {string} id @returns {Promise<{ text: string }>} */
export function charge(client, id) {
  const deadline = Date.now() + 1_000
  return new Promise((resolve, reject) => {
    client.Charge({ id }, { deadline }, (/** @type {unknown} */ error, /** @type {any} */ receipt) =>
      error === null ? resolve(receipt) : reject(error),
    )
  })
}
