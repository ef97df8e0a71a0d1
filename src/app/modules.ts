// What settings name by a path: listeners and kinds of errors, as `module#export`. Loaded at start, and a path that
// leads nowhere is an error then, not at the first outage.

import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeError } from '../core/describe.ts'
import { HttpStatusError } from '../core/errors.ts'
import { EVENTS, type Listener } from '../core/listeners.ts'
import type { ErrorMatcher } from '../core/verdict.ts'

/** Listeners by path: an object with listener methods, or a class of which one is made. */
export function loadListeners(setting: string, paths: readonly string[]): Promise<readonly Listener[]> {
  return Promise.all(
    paths.map(async (path) => {
      const found = await load(setting, path)
      const listener = typeof found === 'function' ? construct(setting, path, found) : found
      if (isListener(listener)) return listener
      throw new TypeError(`\`${setting}\`: ${path} is no listener; it has none of the methods ${EVENTS.join(', ')}`)
    }),
  )
}

/** Error classes and predicates by path; `HttpStatusError`, and any other bare name stands for errors of that name. */
export function loadMatchers(setting: string, paths: readonly string[]): Promise<readonly ErrorMatcher[]> {
  return Promise.all(
    paths.map(async (path): Promise<ErrorMatcher> => {
      if (path === 'HttpStatusError') return HttpStatusError
      if (/^[A-Za-z_$][\w$]*$/.test(path)) return (error: { name?: unknown } | undefined) => error?.name === path
      const found = await load(setting, path)
      if (typeof found === 'function') return found as ErrorMatcher
      throw new TypeError(`\`${setting}\`: ${path} is neither an error class nor a predicate`)
    }),
  )
}

function construct(setting: string, path: string, found: object): unknown {
  try {
    return Reflect.construct(found as new () => unknown, [])
  } catch (cause) {
    throw new TypeError(`\`${setting}\`: no listener can be made of ${path}: ${describeError(cause)}`, { cause })
  }
}

function isListener(found: unknown): found is Listener {
  if (typeof found !== 'object' || found === null) return false
  return EVENTS.some((event) => typeof (found as Listener)[event] === 'function')
}

/** Relative paths are relative to the working directory, other names are packages of the application. */
async function load(setting: string, path: string): Promise<unknown> {
  const [, file = '', name = 'default'] = /^(.*?)(?:#([^#]*))?$/.exec(path) ?? []
  const module = await open(setting, file, path)
  if (name in module) return module[name]
  // Node.js does not see every export of a CommonJS module.
  const whole = module['default']
  if (typeof whole === 'object' && whole !== null && name in whole) return (whole as Record<string, unknown>)[name]
  const names = Object.keys(module).join(', ')
  throw new TypeError(`\`${setting}\`: ${file} exports no \`${name}\`; it exports ${names === '' ? 'nothing' : names}`)
}

async function open(setting: string, file: string, path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(locate(file))) as Record<string, unknown>
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : describeError(cause)
    throw new TypeError(`\`${setting}\`: cannot load ${path}: ${why}`, { cause })
  }
}

function locate(file: string): string {
  if (file.startsWith('file:')) return file
  const here = process.cwd()
  if (/^\.{1,2}[\\/]/.test(file) || isAbsolute(file)) return pathToFileURL(resolve(here, file)).href
  return pathToFileURL(createRequire(join(here, 'index.js')).resolve(file)).href
}
