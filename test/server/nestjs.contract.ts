// Applications of NestJS, of whichever version, without decorator syntax: decorators are functions.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type * as Common from '@nestjs/common'
import type * as Core from '@nestjs/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type CircuitBreaker, Infuse, MemoryStorage } from '../../src/index.ts'
import { Guarded, InfuseModule } from '../../src/server/nestjs.ts'
import { ask } from './ask.ts'
import { type Running, type Setting, serverContract } from './contract.ts'

export interface Nest {
  readonly common: typeof Common
  readonly core: typeof Core
  /** What it runs on. @default Express */
  readonly adapter?: () => Core.AbstractHttpAdapter
}

/** As Express has it, or Fastify. */
type Arrived = IncomingMessage & { readonly res: ServerResponse; readonly raw?: IncomingMessage }

type Method = (...args: never[]) => unknown

/** Applies decorators of a method as the compiler does: the last first. */
function decorate(of: object, key: string, ...decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(of, key) as TypedPropertyDescriptor<Method>
  const decorated = decorators.toReversed().reduce((before, one) => one(of, key, before) ?? before, descriptor)
  Object.defineProperty(of, key, decorated)
}

export function nestContract(name: string, { common, core, adapter }: Nest): void {
  const { Catch, Controller, Get, Inject, Injectable, Module, Req } = common

  class Own {
    catch(error: Error, host: Common.ArgumentsHost): void {
      host.switchToHttp().getResponse().status(418).send({ mine: error.message })
    }
  }
  Catch()(Own)

  function controllerOf(routes: Setting['routes']): new () => object {
    class Routes {}
    for (const [path, handler] of Object.entries(routes)) {
      Object.defineProperty(Routes.prototype, path, {
        configurable: true,
        writable: true,
        value(this: { infuse: Infuse }, request: Arrived) {
          const gone = new AbortController()
          ;(request.raw?.socket ?? request.res).once('close', () => gone.abort())
          return handler({ infuse: this.infuse, signal: gone.signal })
        },
      })
      decorate(Routes.prototype, path, Get(path))
      Req()(Routes.prototype, path, 0)
    }
    Inject(Infuse)(Routes.prototype, 'infuse')
    Controller()(Routes)
    return Routes
  }

  const create = (App: object, options: object = {}): Promise<Common.INestApplication> => {
    const all = { logger: false, abortOnError: false, ...options } as const
    return adapter === undefined ? core.NestFactory.create(App, all) : core.NestFactory.create(App, adapter(), all)
  }

  async function start({ routes, options, hasOwnHandler = false, isFirst = false }: Setting): Promise<Running> {
    class App {}
    const providers = hasOwnHandler && !isFirst ? [{ provide: core.APP_FILTER, useClass: Own }] : []
    Module({ imports: [InfuseModule.forRoot(options)], controllers: [controllerOf(routes)], providers })(App)
    const app = await create(App)
    if (hasOwnHandler && isFirst) app.useGlobalFilters(new Own())
    await app.listen(0, '127.0.0.1')
    return { url: await app.getUrl(), infuse: app.get(Infuse), close: () => app.close() }
  }

  serverContract(name, start)

  describe(`${name}: @Guarded`, () => {
    const apps: Common.INestApplicationContext[] = []
    afterEach(async () => {
      for (const app of apps.splice(0)) await app.close()
    })

    class Payments {
      readonly currency = 'EUR'

      async charge(amount: number): Promise<string> {
        if (amount < 0) throw new Error(`no ${amount}`)
        return `${amount} ${this.currency}`
      }
    }
    decorate(Payments.prototype, 'charge', Guarded('payments'))
    Injectable()(Payments)

    const open = async (module: object = {}, options: object = {}): Promise<Common.INestApplication> => {
      class App {}
      const imports = [
        InfuseModule.forRootAsync({ useFactory: async () => ({ storage: new MemoryStorage(), ...options }) }),
      ]
      Module({ imports, providers: [Payments], ...module })(App)
      const app = await create(App)
      apps.push(app)
      return app
    }

    it('calls through the breaker of its name, of the application that the instance belongs to', async () => {
      const [one, other] = [await open(), await open()]
      const [payments, others] = [one.get(Payments), other.get(Payments)]
      expect(await payments.charge(3)).toBe('3 EUR')
      await one.get(Infuse).breaker('payments').open()
      await expect(payments.charge(3)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' })
      expect(await others.charge(4)).toBe('4 EUR')
      await expect(others.charge(-1)).rejects.toThrow('no -1')
      const breaker: CircuitBreaker = other.get(Infuse).breaker('payments')
      expect(breaker.stats).toMatchObject({ calls: 2, successes: 1, failures: 1 })
    })

    it('keeps name and length, stands above or below other decorators, and is refused where no method is', async () => {
      const { charge } = Payments.prototype
      expect([charge.name, charge.length]).toEqual(['charge', 1])
      class Shop {
        async above(): Promise<string> {
          return 'above'
        }
        async below(): Promise<string> {
          return 'below'
        }
      }
      decorate(Shop.prototype, 'above', Guarded('payments'), Get('above'))
      decorate(Shop.prototype, 'below', Get('below'), Guarded('payments'))
      Controller()(Shop)
      const app = await open({ controllers: [Shop] })
      await app.listen(0, '127.0.0.1')
      const url = await app.getUrl()
      const texts = async (): Promise<string[]> =>
        Promise.all(['above', 'below'].map(async (path) => (await ask(`${url}/${path}`)).text))
      expect(await texts()).toEqual(['above', 'below'])
      await app.get(Infuse).breaker('payments').open()
      for (const text of await texts()) expect(text).toContain('998603')

      Object.defineProperty(Shop.prototype, 'value', { value: 3, configurable: true })
      expect(() => decorate(Shop.prototype, 'value', Guarded('payments'))).toThrow(/on a method, got `3`/)
      await expect(new Payments().charge(1)).rejects.toThrow(/needs InfuseModule/)
    })

    it('is tried on what is said', async () => {
      expect((await open()).getHttpAdapter().getType()).toBe(adapter === undefined ? 'express' : 'fastify')
    })

    it('mounts the admin API beside the application', async () => {
      const authorize = (): { actor: string; can: ['read', 'operate'] } => ({ actor: 'kim', can: ['read', 'operate'] })
      const app = await open({}, { admin: { authorize, allowMutations: true, basePath: '/ops' } })
      await app.listen(0, '127.0.0.1')
      const url = await app.getUrl()
      const body = JSON.stringify({ reason: 'try' })
      const headers = { 'content-type': 'application/json' }
      expect((await ask(`${url}/ops/circuits/payments/open`, { method: 'POST', headers, body })).status).toBe(404)
      app.get(Infuse).breaker('payments')
      expect((await ask(`${url}/ops/circuits/payments/open`, { method: 'POST', headers, body })).status).toBe(200)
      expect((await ask(`${url}/ops/circuits`)).json.circuits[0]).toMatchObject({ name: 'payments', state: 'open' })
      expect((await ask(`${url}/opsy`)).status).toBe(404)
    })
  })
}
