import * as common from '@nestjs/common'
import * as core from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { nestContract } from './nestjs.contract.ts'

nestContract('NestJS 12', { common, core })
nestContract('NestJS 12 on Fastify', { common, core, adapter: () => new FastifyAdapter() })
