// What each circuit of an application is made with. All that the application was told is tried at once: options that no
// breaker takes, or that its storage cannot keep, are refused at start and not at the first call.

import { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import { checkObject } from '../core/check.ts'
import type { Rules } from '../core/options.ts'
import { peerRules } from '../fleet/circuits.ts'
import { type CircuitOptions, copyOptions, mergeOptions } from './circuit-options.ts'
import type { InfuseOptions } from './options.ts'
import { checkName } from './services.ts'

export class Recipes {
  readonly #defaults: CircuitOptions
  readonly #circuits: ReadonlyMap<string, CircuitOptions>

  /** @throws TypeError or RangeError for options that are none, saying whose they are. */
  constructor(options: InfuseOptions) {
    const { defaults = {}, circuits = {} } = options
    const single = Object.entries(checkObject('circuits', circuits))
    this.#defaults = copyOptions('defaults', defaults)
    this.#circuits = new Map(
      single.map(([name, own]) => [checkName('circuits', name), copyOptions(`circuits.${name}`, own)]),
    )
    attempt('defaults', this.of('defaults'), options)
    for (const [name] of single) attempt(`circuits.${name}`, this.of(name), options)
  }

  /** Those of all circuits, of this one, and those that were given where it was asked for. */
  of(name: string, own?: CircuitOptions): CircuitOptions {
    const given = own === undefined ? undefined : copyOptions('options', own)
    return mergeOptions(this.#defaults, this.#circuits.get(name), given)
  }
}

/** Makes a breaker of them that nobody uses. */
function attempt(where: string, options: CircuitOptions, { clock, storage }: InfuseOptions): void {
  try {
    const { rules } = gateOf(new CircuitBreaker({ ...options, clock }))
    if (storage?.mirror !== undefined && options.shadow !== true) checkMirrored(storage.mirror, rules)
  } catch (error) {
    if (error instanceof Error) error.message = `\`${where}\`: ${error.message}`
    throw error
  }
}

function checkMirrored(mirror: string, rules: Rules): void {
  try {
    peerRules(mirror, rules)
  } catch (error) {
    if (error instanceof Error) error.message += '; with `mirror: false` any will do'
    throw error
  }
}
