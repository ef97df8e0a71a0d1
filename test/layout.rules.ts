/**
 * The rules of the source layout, as one function from a file's path and text to what is wrong with it.
 * A file imports its own folder and lower floors. `import type` is free, except that core knows nothing but itself and
 * that a third-party package is named in the file named after it and nowhere else.
 */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'

/** Folders and root files of src/ by floor. What stands on one floor does not import each other. */
const floors: Readonly<Record<string, number>> = {
  core: 0,
  fleet: 1,
  redis: 2,
  host: 2,
  calls: 2,
  'breaker.ts': 3,
  outbound: 4,
  observe: 4,
  app: 5,
  'infuse.ts': 6,
  admin: 7,
  server: 8,
  cli: 9,
  testing: 10,
  'index.ts': 11,
}
const maxLines = 300
/** Files that are named after what a package is for, since the package has another name. */
const packageNames: Readonly<Record<string, string>> = { prometheus: 'prom-client' }

export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

const commentOrString = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g
const importLine =
  /\b(?:import|export)\b\s*(type\b(?!\s+from\b)(?!\s*,))?\s*(?:[\w$*{}\s,]*?\bfrom\s*)?(['"])([^'"\n]+)\2/g
const importCall = /\b(?:import|require)\s*\(\s*(['"`])([^'"`\n]+)\1/g

function withoutComments(text: string): string {
  return text.replace(commentOrString, (match) => (match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : match))
}

function withoutStrings(text: string): string {
  return text.replace(commentOrString, (match) => match.replace(/[^\n]/g, ' '))
}

/** What a source file imports or re-exports. `import { type A }` loads its module, so it is no type import. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const lines = [...code.matchAll(importLine)].map((m) => ({ specifier: m[3] ?? '', typeOnly: m[1] !== undefined }))
  const calls = [...code.matchAll(importCall)].map((m) => ({ specifier: m[2] ?? '', typeOnly: false }))
  return [...lines, ...calls]
}

/** `file` is relative to src/, with slashes. Empty when all is well. */
export function violations(file: string, text: string): string[] {
  return [...importViolations(file, text), ...shapeViolations(file, text)].map((fault) => `${file}: ${fault}`)
}

function importViolations(file: string, text: string): string[] {
  const here = place(file)
  const floor = floors[here]
  if (floor === undefined) return [`stands on no floor; give ${here} one`]
  return importsOf(text).flatMap(({ specifier, typeOnly }) => {
    const told = `imports ${specifier}`
    if (!specifier.startsWith('.')) return packageViolations(file, specifier, told)
    if (!specifier.endsWith('.ts')) return [`${told} without its .ts extension`]
    const target = posix.join(posix.dirname(file), specifier)
    if (target.startsWith('..')) return [`${told} outside of src/`]
    const there = place(target)
    const below = floors[there]
    if (below === undefined) return [`${told}, which stands on no floor`]
    if (there === here || typeOnly || below < floor) return []
    return [`${told}, ${below === floor ? 'sideways' : 'upwards'} from floor ${floor} to floor ${below}`]
  })
}

function packageViolations(file: string, specifier: string, told: string): string[] {
  if (place(file) === 'core') return [`${told}; core imports nothing outside core`]
  if (specifier.startsWith('node:')) return []
  if (isBuiltin(specifier)) return [`${told} without node:`]
  const base = posix.basename(file, '.ts')
  const noun = packageNames[base] ?? base
  const names = specifier.replace('@', '').split('/').slice(0, 2)
  const named = names.some((name) => name === noun || name.startsWith(`${noun}-`))
  return named ? [] : [`${told}; a third-party package belongs in the file named after it`]
}

/** The folder below src/, or the file itself when it stands in src/. */
function place(file: string): string {
  return file.split('/')[0] ?? file
}

const shapes: readonly (readonly [RegExp, string])[] = [
  [/\benum\s+[\w$]+\s*\{/, 'declares an enum'],
  [/\bexport\s+default\b|\bas\s+default\b/, 'has a default export'],
  [/\b(?:namespace|module)\s+[\w$.]+\s*\{/, 'declares a namespace'],
  [
    /\bclass(?:\s+(?!extends\b)[\w$]+)?\s*(?:<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>)?\s*extends\s+(?!(?:[A-Z]\w*)?Error\b|DOMException\b|https?\.Agent\b)[\w$.]/,
    'has a class that extends another than Error or an http.Agent',
  ],
]
const shebang = /^#!.*/
const machinePath = /(?:^|[^\w.])\/(?:home|root|tmp|work|workspace|Users|mnt|opt|usr)\/|[A-Z]:\\\\|\bnode_modules\//m

function shapeViolations(file: string, text: string): string[] {
  const code = withoutStrings(text)
  const faults = shapes.filter(([shape]) => shape.test(code)).map(([, fault]) => fault)
  const lines = text.trimEnd().split('\n').length
  if (lines > maxLines) faults.push(`has ${lines} lines, ${maxLines} at most`)
  if (machinePath.test(text.replace(shebang, ''))) faults.push('names a path of a machine or tool')
  if (file === 'index.ts' && !reExportsOnly(code)) faults.push('does more than re-export')
  return faults
}

function reExportsOnly(code: string): boolean {
  return code.replace(/\bexport\s+(?:type\s+)?(?:\*|\*\s+as\s+\w+|\{[^}]*\})\s*from\s*/g, '').trim() === ''
}
