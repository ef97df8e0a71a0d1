// docs/settings.md has every setting that is read, and the default that it has.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../src/app/settings.ts'
import { readPage, root } from './pages.ts'

const rows = [...readPage('docs/settings.md').matchAll(/^\| (`(?:INFUSE_)?[A-Z_]+`.*?) \| (.*?) \| (.*?) \|/gm)].map(
  ([, names = '', fallback = '', unit = '']) => ({
    names: [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    fallback: fallback.replaceAll('`', ''),
    unit,
  }),
)

describe('the table of settings', () => {
  it('has every setting that is read, and no other', () => {
    const source = readFileSync(join(root, 'src/app/settings.ts'), 'utf8')
    const read = [...source.matchAll(/find\('(\w+)'(?:, '(\w+)')?\)/g)].flatMap(([, ...names]) => names.filter(Boolean))
    expect(rows.flatMap(({ names }) => names).toSorted()).toEqual(read.toSorted())
    expect(read.length).toBe(13)
  })

  it('has the defaults that are applied', () => {
    const settings = readSettings({})
    const said = (name: string): string => rows.find(({ names }) => names.includes(name))?.fallback ?? 'missing'
    expect(Number(said('INFUSE_BREAKER_MAX_FAILURE'))).toBe(settings.failMax)
    expect(Number(said('INFUSE_BREAKER_RESET_TIMEOUT')) * 1_000).toBe(settings.resetTimeout)
    expect(said('INFUSE_INITIAL_CIRCUIT_STATE')).toBe(settings.announce)
    expect(said('INFUSE_FALLBACK_CIRCUIT_STATE')).toBe(settings.whenDown)
    expect(JSON.parse(said('INFUSE_BREAKER_LISTENERS'))).toEqual(settings.listeners)
    expect(JSON.parse(said('INFUSE_BREAKER_EXCLUDE_EXCEPTIONS'))).toEqual(settings.exclude)
    const template = said('INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE')
    expect(readSettings({ INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE: template })).toEqual(settings)
    for (const name of ['INFUSE_ENVIRONMENT', 'INFUSE_SERVICE_NAME', 'INFUSE_REDIS_URL', 'INFUSE_CACHES'])
      expect(said(name)).toBe('none')
    expect([settings.env, settings.service, settings.redisUrl]).toEqual([undefined, undefined, undefined])
  })
})
