// What settings name by a path: listeners and kinds of errors, as `module#export`. Loaded at start, and a path that
// leads nowhere is an error then, not at the first outage.

import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HttpStatusError } from '../core/errors.ts'
import type { Listener } from '../core/listeners.ts'
import type { ErrorMatcher } from '../core/verdict.ts'

/** Listeners by path: an object with listener methods, or a class of which one is made. */
export function loadListeners(setting: string, paths: readonly string[]): Promise<readonly Listener[]> {
  return Promise.all(
    paths.map(async (path) => {
      const found = await load(setting, path)
      const listener: unknown = typeof found === 'function' ? Reflect.construct(found, []) : found
      if (typeof listener === 'object' && listener !== null) return listener
      throw new TypeError(`Expected \`${setting}\` to name listeners; ${path} is none`)
    }),
  )
}

/** Error classes and predicates by path; `HttpStatusError`, and any other bare name stands for errors of that name. */
export function loadMatchers(setting: string, paths: readonly string[]): Promise<readonly ErrorMatcher[]> {
  return Promise.all(
    paths.map(async (path): Promise<ErrorMatcher> => {
      if (path === HttpStatusError.name) return HttpStatusError
      if (/^[A-Za-z_$][\w$]*$/.test(path)) return (error: { name?: unknown } | undefined) => error?.name === path
      const found = await load(setting, path)
      if (typeof found === 'function') return found as ErrorMatcher
      throw new TypeError(`Expected \`${setting}\` to name error classes or predicates; ${path} is neither`)
    }),
  )
}

/** Relative paths are relative to the working directory, other names are packages of the application. */
async function load(setting: string, path: string): Promise<unknown> {
  const [file = '', name = 'default'] = path.split('#', 2)
  let module: Record<string, unknown>
  try {
    module = (await import(locate(file))) as Record<string, unknown>
  } catch (cause) {
    throw new TypeError(`\`${setting}\`: cannot load ${path}`, { cause })
  }
  if (name in module) return module[name]
  throw new TypeError(`\`${setting}\`: ${file} exports no \`${name}\``)
}

function locate(file: string): string {
  const here = process.cwd()
  if (/^\.{0,2}\//.test(file)) return pathToFileURL(resolve(here, file)).href
  return pathToFileURL(createRequire(join(here, 'index.js')).resolve(file)).href
}
