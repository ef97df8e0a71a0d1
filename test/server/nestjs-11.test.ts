// The same source on NestJS 11, which has a folder of its own: what the sources import is put in place of 12.

import * as seen from '@nestjs/common'
import { expect, it, vi } from 'vitest'
import { common, core, version } from '../nestjs-11/nest.ts'
import { nestContract } from './nestjs.contract.ts'

vi.mock('@nestjs/common', async () => (await import('../nestjs-11/nest.ts')).common)
vi.mock('@nestjs/core', async () => (await import('../nestjs-11/nest.ts')).core)

nestContract('NestJS 11', { common: common as never, core: core as never })

it('NestJS 11 is what the sources import here', () => {
  expect(version).toMatch(/^11\./)
  expect(seen.Catch).toBe(common.Catch)
})
