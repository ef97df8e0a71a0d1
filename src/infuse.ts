/// <reference lib="esnext.disposable" preserve="true" />
// Infuse: an application's breakers, by name, with what they have in common, and the guards that put them between the
// application and everything it calls.

import { announce, checkAnnounce } from './app/announcement.ts'
import type { CircuitOptions } from './app/circuit-options.ts'
import { type ServiceClient, serviceClient } from './app/client.ts'
import { describeHealth, type Health, type HealthOptions } from './app/health.ts'
import { Installation } from './app/installation.ts'
import { type ApplicationOptions, INFUSE_OPTIONS, type InfuseOptions } from './app/options.ts'
import { Recipes } from './app/recipes.ts'
import { Registry } from './app/registry.ts'
import { checkName, Services } from './app/services.ts'
import type { Environment } from './app/settings.ts'
import { CircuitBreaker } from './breaker.ts'
import { bad, checkKnown, checkObject } from './core/check.ts'
import { type CircuitStorage, checkStorage } from './fleet/storage.ts'
import { normaliseOrigin } from './outbound/origin.ts'

const MOST_BREAKERS = 1_000
/** ms that what was not yet told to shared storage has to get there when an application ends. */
const LAST_WORDS = 1_000

/** An application's circuit breakers: one per name, made when first asked for, sharing options and storage. */
export class Infuse implements AsyncDisposable {
  /** This service's own name, where it has one. */
  readonly serviceName: string | undefined
  /** Where it runs, for messages. */
  readonly env: string | undefined
  /** Where the circuits live; `undefined`: in this process. */
  readonly storage: CircuitStorage | undefined
  readonly #clock: InfuseOptions['clock']
  readonly #recipes: Recipes
  readonly #registry: Registry
  readonly #services = new Services()
  readonly #clients = new Map<string, ServiceClient>()
  readonly #installation: Installation
  readonly #announced: Promise<void>
  /** Lets go of what was opened for this application. */
  #close: (() => Promise<void>) | undefined
  #disposed: Promise<void> | undefined

  /** @throws TypeError or RangeError for a bad option, naming option, value and type. */
  constructor(options: InfuseOptions = {}) {
    checkKnown('Infuse', checkObject('options', options), INFUSE_OPTIONS)
    const { service, env, storage, services = {}, maxBreakers = MOST_BREAKERS } = options
    if (env !== undefined && typeof env !== 'string') throw bad('env', 'a text', env, 'string')
    this.serviceName = service === undefined ? undefined : checkName('service', service)
    this.env = env
    this.storage = storage === undefined ? undefined : checkStorage(storage)
    this.#clock = options.clock
    this.#recipes = new Recipes(options)
    this.#registry = new Registry(maxBreakers, {
      optionsOf: (name, own) => this.#recipes.of(name, own),
      make: (name, own) => this.#make(name, own),
    })
    this.#services.addAll(services)
    this.#installation = new Installation(this)
    this.#announced = this.#announce(checkAnnounce(options.announce))
  }

  /**
   * An application by its INFUSE_* settings: loads listener modules, opens a Redis client or shares with the processes
   * of this machine. `options` come before settings.
   * @throws TypeError for a setting that cannot be read, or a module that cannot be loaded, naming it.
   */
  static async fromEnv(env: Environment = process.env, options: ApplicationOptions = {}): Promise<Infuse> {
    const { openApplication } = await import('./app/application.ts')
    const { options: resolved, close } = await openApplication(env, options)
    try {
      const infuse = new Infuse(resolved)
      infuse.#close = close
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
    // fetch would say so only at the first request.
    if (base.username + base.password !== '') {
      throw new TypeError(`Expected the URL of service "${name}" to be without credentials; send them in a header`)
    }
    let client = this.#clients.get(name)
    if (client === undefined) {
      client = serviceClient(name, base, (key) => this.breaker(key))
      this.#clients.set(name, client)
    }
    return client
  }

  /**
   * The circuits as they are, for a health endpoint: details, and readiness by those that are `required`.
   * @throws TypeError for options that are none.
   */
  health(options?: HealthOptions): Health {
    return describeHealth(this.breakers, (name) => this.breaker(name), options)
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

  /**
   * Takes guards back, tells storage what it was not yet told, and lets go of the breakers and of what was opened for
   * them; storage that was given stays as it is. Calls go on by what each circuit was. Twice is once.
   */
  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #dispose(): Promise<void> {
    this.#installation.dispose()
    const breakers = [...this.breakers.values()]
    await within(LAST_WORDS, Promise.all([this.#announced, ...breakers.map((breaker) => breaker.settled())]))
    await Promise.all([...this.breakers.values()].map((breaker) => breaker.dispose()))
    await this.#close?.()
  }

  /** What is first called after the end has a circuit of its own: storage may be closed. */
  #make(name: string, options: CircuitOptions): CircuitBreaker {
    const storage = this.#disposed === undefined ? this.storage : undefined
    return new CircuitBreaker({ ...options, name: checkName('name', name), storage, clock: this.#clock })
  }

  #announce(state: ReturnType<typeof checkAnnounce>): Promise<void> {
    if (state === undefined) return Promise.resolve()
    if (this.serviceName === undefined) throw new TypeError('Expected `service` to be given where `announce` is')
    return announce(this.breaker(this.serviceName), state)
  }
}

/** Waits for it, but not for ever. */
async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([done, over])
  clearTimeout(timer)
}
