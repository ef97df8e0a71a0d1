// Every public name is explained twice: by a comment where it is declared, for editors, and on a page.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, readPage, root } from './pages.ts'

interface PublicName {
  /** As exported. */
  readonly name: string
  /** As declared there. */
  readonly declared: string
  readonly file: string
}

const entries = [
  'src/index.ts',
  'src/host/index.ts',
  'src/redis/index.ts',
  'src/outbound/undici.ts',
  'src/outbound/fetch.ts',
  'src/outbound/axios.ts',
  'src/outbound/got.ts',
  'src/outbound/grpc.ts',
  'src/outbound/http-agent.ts',
  'src/server/fastify.ts',
  'src/server/express.ts',
  'src/server/koa.ts',
  'src/server/hono.ts',
  'src/server/nestjs.ts',
  'src/observe/prometheus.ts',
  'src/observe/opentelemetry.ts',
  'src/admin/index.ts',
  'src/testing/index.ts',
]
const names = entries.flatMap(namesOf)
// The changelog names what is new; it explains nothing.
const code = pages
  .filter((page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/decisions/'))
  .map(readPage)
  .flatMap((page) => page.match(/^(`{3,})[\s\S]*?^\1$|`[^`\n]+`/gm) ?? [])
  .join('\n')

describe('public names', () => {
  it('are read from the sources', () => {
    const found = names.map(({ name }) => name)
    expect(found).toContain('CircuitBreaker')
    expect(found).toContain('Lease')
    expect(found).toContain('ManualClock')
    expect(found.length).toBeGreaterThan(45)
    for (const entry of entries) expect(read(entry)).not.toMatch(/export \*/)
  })

  it.each(names)('$name has a comment where it is declared', ({ declared, file }) => {
    expect(commentOn(read(file), declared)).toMatch(/\w/)
  })

  it.each(names)('$name stands on a page, as code', ({ name }) => {
    expect(code).toMatch(new RegExp(`\\b${name}\\b`))
  })
})

describe.each([
  ['CircuitBreaker', 'src/breaker.ts'],
  ['CircuitBreakerError', 'src/core/errors.ts'],
  ['ManualClock', 'src/testing/clock.ts'],
  ['Listener', 'src/core/listeners.ts'],
  ['Stats', 'src/core/stats.ts'],
])('the members of %s', (name, file) => {
  const members = membersOf(read(file), name)

  it('are read from the sources', () => {
    expect(members.length).toBeGreaterThan(4)
  })

  it.each(members)('%s stands on a page, as code', (member) => {
    expect(code).toMatch(new RegExp(`\\b${member}\\b`))
  })
})

function namesOf(entry: string): PublicName[] {
  const lines = [...read(entry).matchAll(/export (?:type )?\{([^}]*)\} from '(.+?)'/g)]
  return lines.flatMap(([, list = '', from = '']) =>
    list
      .split(',')
      .map((one) => one.trim().replace(/^type /, ''))
      .filter((one) => one !== '')
      .map((one) => {
        const [declared = '', name = declared] = one.split(' as ')
        return { name, declared, file: join(dirname(entry), from) }
      }),
  )
}

/** The comment before a declaration; a comment for a tool may stand between. */
function commentOn(source: string, name: string): string {
  const declaration = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n(?://.*\\n)*export (?:abstract |declare )?(?:class|interface|type|function|const) ${name}\\b`,
  )
  return declaration.exec(source)?.[1] ?? ''
}

/** Public members, private and symbol-named ones left out; a name once, however many overloads it has. */
function membersOf(source: string, name: string): string[] {
  const [, body = ''] =
    new RegExp(`^export (?:class|interface) ${name}\\b[^\\n]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ?? []
  const found = [...body.matchAll(/^ {2}(?:declare |readonly |get |set |async )*(\w+)(?:<.*?>)?[?!]?[(:<]/gm)]
  const words = found.map(([, member = '']) => member)
  return [...new Set(words)].filter((member) => !['constructor', 'static', 'private'].includes(member))
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
