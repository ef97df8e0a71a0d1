// What every answer says of where it comes from and who asked.

import type { Identity } from './identity.ts'
import type { AdminSettings } from './options.ts'
import type { AdminSource, Survey } from './source.ts'
import type { WireEnvelope } from './wire.ts'

export function envelopeOf(
  { place }: AdminSource,
  { storage, processes }: Pick<Survey, 'storage' | 'processes'>,
  { actor, can }: Identity,
  { allowMutations }: AdminSettings,
): WireEnvelope {
  return { at: Date.now(), ...place, storage, processes, can, actor, allowMutations }
}
