// Warnings reach the process, where there is one.
import { afterEach, expect, it, vi } from 'vitest'
import { warn } from '../../../src/core/warning.ts'
import { boom } from './support.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

it('a warning has a name, what happened, and the error as its cause', () => {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  warn('It threw', boom)
  warn('It was odd')
  const [[first], [second]] = emit.mock.calls as unknown as [[Error], [Error]]
  expect([first.name, first.message, first.cause]).toEqual(['InfuseWarning', 'It threw: boom', boom])
  expect([second.name, second.message, second.cause]).toEqual(['InfuseWarning', 'It was odd', undefined])
})

it('without a process, or one that takes no warnings, nothing happens', () => {
  vi.stubGlobal('process', undefined)
  expect(() => warn('unheard')).not.toThrow()
  vi.stubGlobal('process', {})
  expect(() => warn('unheard')).not.toThrow()
})
