// The services that an application calls, by name: each has an origin of its own, which is how a request is known to
// go to it.

import { bad, checkObject } from '../core/check.ts'
import { fitName, isName, normaliseOrigin } from '../outbound/origin.ts'

export class Services {
  readonly #urls = new Map<string, URL>()
  readonly #names = new Map<string, string>()

  /** @throws TypeError for a bad name or URL, for a name that has another URL, for an origin that has another name. */
  add(name: string, url: string | URL): URL {
    const base = checkUrl(`services.${checkName('service', name)}`, url)
    const known = this.#urls.get(name)
    // A URL may hold credentials, so only its origin is repeated.
    if (known !== undefined && known.href !== base.href) {
      throw new TypeError(`Service "${name}" has another URL already, at ${known.origin}; got one at ${base.origin}`)
    }
    const origin = normaliseOrigin(base)
    const other = this.#names.get(origin)
    if (other !== undefined && other !== name) {
      throw new TypeError(
        `Services "${other}" and "${name}" have one origin, ${origin}: tell them apart with a guard's \`key\``,
      )
    }
    this.#urls.set(name, base)
    this.#names.set(origin, name)
    return base
  }

  addAll(services: Readonly<Record<string, string | URL>>): void {
    for (const [name, url] of Object.entries(checkObject('services', services))) this.add(name, url)
  }

  /** The circuit's name for a normalised origin: the service's where it is known. */
  key(origin: string): string {
    return this.#names.get(origin) ?? fitName(origin)
  }

  /** Whether a circuit's name is a service's, not an origin. */
  has(name: string): boolean {
    return this.#urls.has(name)
  }
}

/** @throws TypeError or RangeError for what cannot be a circuit's name. */
export function checkName(option: string, name: string): string {
  if (isName(name)) return name
  throw bad(option, 'a name of up to 128 letters, digits and _ . : - / [ ]', name, 'string')
}

function checkUrl(option: string, url: string | URL): URL {
  const base = URL.canParse(String(url)) ? new URL(url) : undefined
  if (base !== undefined && base.hostname !== '') return base
  throw new TypeError(`Expected \`${option}\` to be an absolute URL such as http://payments:8000`)
}
