import { describe, expect, it } from 'vitest'
import { readSettings } from '../../../src/app/settings.ts'

const PASSWORD = 'hunter2'

describe('the settings of the environment', () => {
  it('have the defaults of Infuse', () => {
    expect(readSettings({})).toEqual({
      env: undefined,
      service: undefined,
      failMax: 5,
      resetTimeout: 15_000,
      announce: 'closed',
      whenDown: 'closed',
      listeners: [],
      exclude: [],
      namespace: '{name}',
      redisUrl: undefined,
    })
  })

  it('are all read', () => {
    const environment = {
      INFUSE_ENVIRONMENT: 'test',
      INFUSE_SERVICE_NAME: 'shop',
      INFUSE_BREAKER_MAX_FAILURE: '3',
      INFUSE_BREAKER_RESET_TIMEOUT: '0.5',
      INFUSE_INITIAL_CIRCUIT_STATE: 'half-open',
      INFUSE_FALLBACK_CIRCUIT_STATE: 'last-known',
      INFUSE_BREAKER_LISTENERS: './a.js#log, ./b.js',
      INFUSE_BREAKER_EXCLUDE_EXCEPTIONS: '["HttpStatusError", "pkg#Odd,Name"]',
      INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE: 'x:{service_name}:{env}',
      INFUSE_REDIS_URL: 'rediss://user:secret@redis:6380/3',
    }
    expect(readSettings(environment)).toEqual({
      env: 'test',
      service: 'shop',
      failMax: 3,
      resetTimeout: 500,
      announce: 'half-open',
      whenDown: 'last-known',
      listeners: ['./a.js#log', './b.js'],
      exclude: ['HttpStatusError', 'pkg#Odd,Name'],
      namespace: 'x:{name}:test',
      redisUrl: 'rediss://user:secret@redis:6380/3',
    })
  })

  it('are read without space around them, and are not set where they are empty', () => {
    const settings = readSettings({
      INFUSE_ENVIRONMENT: ' ',
      ENVIRONMENT: ' test ',
      INFUSE_BREAKER_MAX_FAILURE: ' 7 ',
      INFUSE_BREAKER_RESET_TIMEOUT: '',
      INFUSE_FALLBACK_CIRCUIT_STATE: ' OPEN ',
      INFUSE_BREAKER_LISTENERS: ' , ',
    })
    expect(settings).toMatchObject({ env: 'test', failMax: 7, resetTimeout: 15_000, whenDown: 'open', listeners: [] })
  })

  it('take the names of environment and service from Infuse first', () => {
    const plain = { ENVIRONMENT: 'prod', SERVICE_NAME: 'shop' }
    expect(readSettings(plain)).toMatchObject({ env: 'prod', service: 'shop' })
    const own = { ...plain, INFUSE_ENVIRONMENT: 'test', INFUSE_SERVICE_NAME: 'till' }
    expect(readSettings(own)).toMatchObject({ env: 'test', service: 'till' })
  })

  it.each([
    ['INFUSE_BREAKER_MAX_FAILURE', '0', 'an integer from 1'],
    ['INFUSE_BREAKER_MAX_FAILURE', '2.5', 'an integer from 1'],
    ['INFUSE_BREAKER_MAX_FAILURE', 'many', 'an integer from 1'],
    ['INFUSE_BREAKER_RESET_TIMEOUT', '-1', 'seconds from 0'],
    ['INFUSE_BREAKER_RESET_TIMEOUT', '15s', 'seconds from 0'],
    ['INFUSE_INITIAL_CIRCUIT_STATE', 'shut', 'one of closed, open, half-open'],
    ['INFUSE_INITIAL_CIRCUIT_STATE', 'last-known', 'one of closed, open, half-open'],
    ['INFUSE_FALLBACK_CIRCUIT_STATE', 'shut', 'one of closed, open, half-open, last-known'],
    ['INFUSE_BREAKER_LISTENERS', '["./a.js#log"', 'a list'],
    ['INFUSE_BREAKER_LISTENERS', '[1]', 'a list'],
    ['INFUSE_BREAKER_EXCLUDE_EXCEPTIONS', '[""]', 'a list'],
    ['INFUSE_SERVICE_NAME', 'my shop', 'a name of up to 128'],
    ['SERVICE_NAME', 'x'.repeat(129), 'a name of up to 128'],
  ])('%s=%s is refused, by its name and with its value', (setting, value, expected) => {
    const message = caught({ [setting]: value })
    expect(message).toContain(`Expected \`${setting}\` to be ${expected}`)
    expect(message).toContain(`got \`${value.slice(0, 100)}`)
  })

  it('without an environment no colon stands alone in the namespace', () => {
    const namespace = (template: string, env?: string): string =>
      readSettings({ INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE: template, INFUSE_ENVIRONMENT: env }).namespace
    expect(namespace('{env}:{service_name}')).toBe('{name}')
    expect(namespace('{service_name}:{env}')).toBe('{name}')
    expect(namespace('{env}:{service_name}', 'test')).toBe('test:{name}')
    expect(namespace('shared', 'test')).toBe('shared')
  })
})

describe('where Redis is, by settings', () => {
  const where = (caches: unknown): string | undefined =>
    readSettings({ INFUSE_CACHES: typeof caches === 'string' ? caches : JSON.stringify(caches) }).redisUrl

  it.each([
    [{ infuse: { HOST: 'redis', PORT: 6380, DATABASE: 3 } }, 'redis://redis:6380/3'],
    [{ infuse: { HOST: 'redis' } }, 'redis://redis:6379/15'],
    [{ infuse: { PORT: '6380', DATABASE: '0' } }, 'redis://localhost:6380/0'],
    [{ infuse: { HOST: '[::1]' } }, 'redis://[::1]:6379/15'],
    [{ infuse: {}, other: { HOST: 'elsewhere' } }, 'redis://localhost:6379/15'],
    [{ infuse: null }, 'redis://localhost:6379/15'],
    [{}, 'redis://localhost:6379/15'],
  ])('INFUSE_CACHES=%j is %s', (caches, url) => {
    expect(where(caches)).toBe(url)
  })

  it.each([
    ["{'infuse': {'HOST': 'redis'}}", 'JSON'],
    ['[]', 'an object'],
    ['null', 'an object'],
    [{ infuse: 'redis' }, 'an object'],
    [{ infuse: { HOST: `redis://:${PASSWORD}@redis` } }, 'HOST without scheme'],
    [{ infuse: { HOST: '' } }, 'HOST without scheme'],
    [{ infuse: { PORT: 70_000 } }, 'PORT'],
    [{ infuse: { PORT: 'x' } }, 'PORT'],
    [{ infuse: { DATABASE: -1 } }, 'DATABASE'],
    [{ infuse: { DATABASE: 1.5 } }, 'DATABASE'],
  ])('INFUSE_CACHES=%j is refused', (caches, why) => {
    expect(() => where(caches)).toThrow(TypeError)
    expect(() => where(caches)).toThrow(/`INFUSE_CACHES`/)
    expect(() => where(caches)).toThrow(why)
    expect(() => where(caches)).not.toThrow(PASSWORD)
  })

  it('INFUSE_REDIS_URL comes before INFUSE_CACHES', () => {
    const both = { INFUSE_REDIS_URL: 'redis://one', INFUSE_CACHES: '{"infuse":{"HOST":"other"}}' }
    expect(readSettings(both).redisUrl).toBe('redis://one')
  })

  it.each([
    `http://:${PASSWORD}@redis`,
    `redis://:${PASSWORD}@redis/cache`,
    `redis://:${PASSWORD}%zz@redis`,
    `redis://${PASSWORD}@`,
    `${PASSWORD}@redis:6379`,
  ])('a URL that no client could use is refused, and not repeated: %s', (url) => {
    const message = caught({ INFUSE_REDIS_URL: url })
    expect(message).toContain('Expected `INFUSE_REDIS_URL` to be a URL such as')
    expect(message).not.toContain(PASSWORD)
  })
})

function caught(environment: Record<string, string>): string {
  try {
    readSettings(environment)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as Error).message
  }
  throw new Error('Nothing was thrown')
}
