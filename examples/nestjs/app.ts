// A shop as Nest users write it. The module guards plain fetch; `@Guarded` puts a breaker of that name around a method,
// for what is no fetch.
// oxlint-disable-next-line import/no-unassigned-import -- decorators find it in the global object
import 'reflect-metadata'
import { Controller, Get, Injectable, Module, Post } from '@nestjs/common'
import { Infuse, MemoryStorage } from 'infuse-breaker'
import { Guarded, InfuseModule } from 'infuse-breaker/nestjs'

export const payments = process.env['PAYMENTS_URL'] ?? 'http://localhost:8000'

@Injectable()
export class Mailer {
  isDown = false

  @Guarded('mail')
  async send(text: string): Promise<string> {
    if (this.isDown) throw new Error('SMTP 421')
    return `sent: ${text}`
  }
}

@Controller()
export class Shop {
  readonly #infuse: Infuse
  readonly #mailer: Mailer

  constructor(infuse: Infuse, mailer: Mailer) {
    this.#infuse = infuse
    this.#mailer = mailer
  }

  @Post('orders')
  async order(): Promise<{ sold: boolean }> {
    const response = await fetch(`${payments}/charge`, { method: 'POST', signal: AbortSignal.timeout(1_000) })
    return { sold: response.ok }
  }

  @Post('mails')
  mail(): Promise<string> {
    return this.#mailer.send('Thank you!')
  }

  @Get('health')
  health(): unknown {
    return this.#infuse.health()
  }
}

@Module({
  imports: [
    InfuseModule.forRoot({
      service: 'shop',
      env: 'example',
      services: { payments },
      circuits: { payments: { failMax: 3, resetTimeout: 500 }, mail: { failMax: 2 } },
      // Left out, the processes of this machine share the circuits.
      storage: new MemoryStorage(),
    }),
  ],
  controllers: [Shop],
  providers: [Mailer],
})
// oxlint-disable-next-line typescript/no-extraneous-class -- what Nest calls a module
export class App {}
