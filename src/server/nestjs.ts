// The module for NestJS 11 and 12, on Express or Fastify. Written without decorator syntax, so that plain tsc compiles
// it; decorators are functions. Whatever it needs of an application comes by injection, so that two applications in one
// process do not see each other.

import {
  type ArgumentsHost,
  Catch,
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describeValue } from '../core/describe.ts'
import { Infuse } from '../infuse.ts'
import { isBelow } from './admin.ts'
import { openPlugin, type Plugin, type PluginOptions } from './application.ts'
import { guardMethod } from './guarded.ts'
import { rejectionOf, type Unavailable } from './unavailable.ts'

export type { Log } from './log.ts'
export type { UnavailableBody } from './unavailable.ts'

/** Options of {@link InfuseModule}; all may be left out, and come before the INFUSE_* settings. */
export interface InfuseModuleOptions extends PluginOptions {}

/** How options are found that other providers know. */
export interface InfuseModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  // biome-ignore lint/suspicious/noExplicitAny: what is injected is whatever the factory takes
  readonly useFactory: (...injected: any[]) => InfuseModuleOptions | PromiseLike<InfuseModuleOptions>
  /** Tokens of what the factory takes. @default nothing */
  readonly inject?: readonly unknown[] | undefined
}

const OPTIONS = Symbol('infuse-breaker.options')
const PLUGIN = Symbol('infuse-breaker.plugin')

/**
 * Settings, announcement, guarded fetch, 503s, log and shutdown (Infuse's `init_app`). It is global: any provider may
 * have `Infuse` injected.
 */
export class InfuseModule {
  readonly #plugin: Plugin

  /** Nest makes the module; use {@link InfuseModule.forRoot}. */
  constructor(plugin: Plugin, { httpAdapter }: HttpAdapterHost) {
    this.#plugin = plugin
    const { admin } = plugin
    if (admin === undefined) return
    httpAdapter?.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      const url = (request as { originalUrl?: string }).originalUrl ?? request.url ?? '/'
      return isBelow(admin, url) ? admin.listen(request, response) : next()
    })
  }

  /** The module with these options. A bad one, or a bad setting, is an error while Nest starts. */
  static forRoot(options: InfuseModuleOptions = {}): DynamicModule {
    return moduleWith({ provide: OPTIONS, useValue: options }, [])
  }

  /** The module with options that a factory finds. */
  static forRootAsync({ imports = [], inject = [], useFactory }: InfuseModuleAsyncOptions): DynamicModule {
    return moduleWith({ provide: OPTIONS, useFactory, inject: [...inject] as never[] }, imports)
  }

  /** @internal */
  beforeApplicationShutdown(): void {
    this.#plugin.admin?.dispose()
  }

  /** @internal */
  onApplicationShutdown(): Promise<void> {
    return this.#plugin.close()
  }
}

Inject(PLUGIN)(InfuseModule, undefined, 0)
Inject(HttpAdapterHost)(InfuseModule, undefined, 1)
Module({})(InfuseModule)

/** What the filter catches: Nest asks by `instanceof`, and what is behind an error is no matter of its class. */
const REJECTION = { [Symbol.hasInstance]: (error: unknown) => rejectionOf(error) !== undefined }

/** As far as responses of Express and Fastify are alike. */
interface AnyResponse {
  readonly raw?: ServerResponse
  status(code: number): AnyResponse
  header(name: string, value: string): AnyResponse
  send(text: string): unknown
}

class RejectionFilter {
  readonly #answer: Plugin['answer']

  constructor({ answer }: Plugin) {
    this.#answer = answer
  }

  /**
   * Without an answer Nest's own filter has the error: for microservices and GraphQL that is their way of telling it. A
   * gateway of web sockets asks no filter of the application.
   */
  catch(error: unknown, host: ArgumentsHost): void {
    const found = this.#answer(error)
    if (found !== undefined && host.getType() === 'http') reply(host.switchToHttp().getResponse<AnyResponse>(), found)
  }
}

Catch(REJECTION as never)(RejectionFilter)

function reply(response: AnyResponse, { status, headers, text }: Unavailable): void {
  const raw = response.raw ?? (response as unknown as ServerResponse)
  if (raw.headersSent) {
    raw.end()
    return
  }
  response.status(status)
  for (const [name, value] of Object.entries(headers)) response.header(name, value)
  response.send(text)
}

function moduleWith(options: Provider, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
  const logger = new Logger('Infuse')
  return {
    module: InfuseModule,
    global: true,
    imports,
    providers: [
      options,
      {
        provide: PLUGIN,
        useFactory: (given: InfuseModuleOptions) =>
          openPlugin(given, (line, level) => (level === 'error' ? logger.error(line) : logger.log(line))),
        inject: [OPTIONS],
      },
      { provide: Infuse, useFactory: ({ infuse }: Plugin) => infuse, inject: [PLUGIN] },
      { provide: APP_FILTER, useFactory: (plugin: Plugin) => new RejectionFilter(plugin), inject: [PLUGIN] },
    ],
    exports: [Infuse],
  }
}

/** Where instances have their application. */
const INFUSE = Symbol('infuse-breaker.infuse')

/**
 * Decorates a method that returns a promise: calls go through the breaker of that name of the module's `Infuse`. For
 * classes that Nest makes; it may stand above or below other decorators.
 * @throws TypeError for what is no method.
 */
export function Guarded(name: string): MethodDecorator {
  return (target, key, descriptor) => {
    const method: unknown = descriptor.value
    if (typeof method !== 'function')
      throw new TypeError(`Expected @Guarded on a method, got ${describeValue(method)} (${String(key)})`)
    Inject(Infuse)(target, INFUSE)
    descriptor.value = guardMethod(method, (instance) => {
      const infuse = (instance as { readonly [INFUSE]?: Infuse } | undefined)?.[INFUSE]
      if (infuse !== undefined) return infuse.breaker(name)
      throw new TypeError(`@Guarded('${name}') needs InfuseModule, and an instance that Nest has made`)
    }) as unknown as NonNullable<typeof descriptor.value>
  }
}
