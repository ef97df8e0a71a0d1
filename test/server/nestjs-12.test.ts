import * as common from '@nestjs/common'
import * as core from '@nestjs/core'
import { nestContract } from './nestjs.contract.ts'

nestContract('NestJS 12', { common, core })
