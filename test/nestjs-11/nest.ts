// NestJS 11, as this folder has it.

import { createRequire } from 'node:module'

export * as common from '@nestjs/common'
export * as core from '@nestjs/core'

export const { version } = createRequire(import.meta.url)('@nestjs/common/package.json') as { readonly version: string }
