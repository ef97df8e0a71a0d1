// The guard for undici, on versions 6 and 7. Version 8 needs Node.js 22.19: `npm run test:matrix` runs the same there.

import { describe } from 'vitest'
import { outboundContract } from './contract.ts'
import { loadUndici, UNDICI_VERSIONS, viaFetch, viaRequest } from './undici-clients.ts'

for (const version of UNDICI_VERSIONS) {
  const undici = await loadUndici(version)
  describe(`undici ${version}: request`, () => outboundContract(viaRequest(undici)))
  describe(`undici ${version}: fetch`, () => outboundContract(viaFetch(undici)))
}
