/// <reference lib="esnext.disposable" preserve="true" />
// Infuse: an application's breakers, by name, with what they have in common, and the guards that put them between the
// application and everything it calls.

import { announce, checkAnnounce } from './app/announcement.ts'
import { type CircuitOptions, mergeOptions } from './app/circuit-options.ts'
import { type ServiceClient, serviceClient } from './app/client.ts'
import { Installation } from './app/installation.ts'
import { type ApplicationOptions, INFUSE_OPTIONS, type InfuseOptions } from './app/options.ts'
import { Registry } from './app/registry.ts'
import { checkName, Services } from './app/services.ts'
import type { Environment } from './app/settings.ts'
import { CircuitBreaker } from './breaker.ts'
import { checkKnown, checkObject } from './core/check.ts'
import type { CircuitStorage } from './fleet/storage.ts'
import { normaliseOrigin } from './outbound/origin.ts'

const MOST_BREAKERS = 1_000

/** An application's circuit breakers: one per name, made when first asked for, sharing options and storage. */
export class Infuse implements AsyncDisposable {
  /** This service's own name, where it has one. */
  readonly serviceName: string | undefined
  /** Where it runs, for messages. */
  readonly env: string | undefined
  /** Where the circuits live; `undefined`: in this process. */
  readonly storage: CircuitStorage | undefined
  readonly #options: InfuseOptions
  readonly #circuits: ReadonlyMap<string, CircuitOptions>
  readonly #registry: Registry
  readonly #services = new Services()
  readonly #clients = new Map<string, ServiceClient>()
  readonly #installation: Installation
  readonly #announced: Promise<void>
  /** What this application opened for itself. */
  readonly #owned: (() => Promise<void>)[] = []
  #disposed: Promise<void> | undefined

  /** @throws TypeError or RangeError for a bad option, naming option, value and type. */
  constructor(options: InfuseOptions = {}) {
    checkKnown('Infuse', checkObject('options', options), INFUSE_OPTIONS)
    this.#options = Object.freeze({ ...options })
    this.#circuits = new Map(Object.entries(checkObject('circuits', options.circuits ?? {})))
    this.serviceName = options.service === undefined ? undefined : checkName(options.service)
    this.env = options.env
    this.storage = options.storage
    this.#registry = new Registry(options.maxBreakers ?? MOST_BREAKERS, (name, own) => this.#make(name, own))
    this.#services.addAll(options.services ?? {})
    this.#installation = new Installation(this)
    // Options that no breaker takes are refused now, not at the first call.
    for (const name of ['defaults', ...this.#circuits.keys()]) this.#check(name)
    this.#announced = this.#announce(checkAnnounce(options.announce))
  }

  /**
   * An application by its INFUSE_* settings: loads listener modules, opens a Redis client or shares with the processes
   * of this machine. `options` come before settings.
   * @throws TypeError for a setting that cannot be read, or a module that cannot be loaded, naming it.
   */
  static async fromEnv(env: Environment = process.env, options: ApplicationOptions = {}): Promise<Infuse> {
    const { openApplication } = await import('./app/application.ts')
    const { options: resolved, text, close } = await openApplication(env, options)
    try {
      const infuse = new Infuse(resolved)
      infuse.#owned.push(close)
      if (text !== undefined) console.info(`[INFUSE] ${text}`)
      return infuse
    } catch (error) {
      await close()
      throw error
    }
  }

  /** The breakers there are, by name. */
  get breakers(): ReadonlyMap<string, CircuitBreaker> {
    return this.#registry.breakers
  }

  /**
   * The breaker of that name: the same one each time, made when it is first asked for.
   * @throws TypeError or RangeError for a name that is none, bad options, or options other than those it was made with.
   */
  breaker(name: string, options?: CircuitOptions): CircuitBreaker {
    return this.#registry.get(name, options)
  }

  /** The name of the circuit for whatever has this origin: the service's where it is known, else the origin in one spelling. */
  key(origin: string | URL): string {
    return this.#services.key(normaliseOrigin(origin))
  }

  /** The name of a circuit, where it is a service's and not an origin. */
  isService(name: string): boolean {
    return this.#services.has(name)
  }

  /**
   * A client for a service: `fetch` with paths below its URL, through the breaker of its name.
   * @throws TypeError for a bad URL, one that another service has, or a name with another URL.
   */
  service(name: string, url: string | URL): ServiceClient {
    const base = this.#services.add(name, url)
    let client = this.#clients.get(name)
    if (client === undefined) {
      client = serviceClient(name, base, (key) => this.breaker(key))
      this.#clients.set(name, client)
    }
    return client
  }

  /** Resolves when every circuit was read once from storage, or it did not answer, and the service is announced. */
  async ready(): Promise<void> {
    await Promise.all([this.#announced, ...[...this.breakers.values()].map((breaker) => breaker.ready())])
  }

  /** Guards every fetch of this process (Infuse's `patch()`). Counted: as many {@link uninstall} undo it. */
  install(): void {
    this.#installation.install()
  }

  /** Undoes an {@link install}; one too many does nothing. */
  uninstall(): void {
    this.#installation.uninstall()
  }

  /** Takes guards back, lets go of the breakers and of what was opened here. Calls go on by what each circuit was. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #dispose(): Promise<void> {
    this.#installation.dispose()
    await Promise.all([...this.breakers.values()].map((breaker) => breaker.dispose()))
    for (const close of this.#owned.toReversed()) await close()
  }

  #make(name: string, own: CircuitOptions | undefined): CircuitBreaker {
    const { storage, clock } = this.#options
    return new CircuitBreaker({ ...this.#optionsOf(name, own), name: checkName(name), storage, clock })
  }

  #optionsOf(name: string, own?: CircuitOptions): CircuitOptions {
    return mergeOptions(this.#options.defaults, this.#circuits.get(name), own)
  }

  #check(name: string): void {
    const { clock } = this.#options
    void new CircuitBreaker({ ...this.#optionsOf(name), name: checkName(name), clock })
  }

  #announce(state: ReturnType<typeof checkAnnounce>): Promise<void> {
    if (state === undefined) return Promise.resolve()
    if (this.serviceName === undefined) throw new TypeError('Expected `service` to be given where `announce` is')
    return announce(this.breaker(this.serviceName), state)
  }
}
