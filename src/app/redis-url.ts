// Where Redis is, as settings say it: a URL, or Infuse's own JSON. Neither is ever repeated in a message, since it may
// hold a password.

const DEFAULT_CACHE = { HOST: 'localhost', PORT: 6379, DATABASE: 15 }
const EXAMPLE = '{"infuse":{"HOST":"localhost","PORT":6379,"DATABASE":15}}'
const HIGHEST_PORT = 65_535

/** @throws TypeError for what no client could connect to. */
export function checkRedisUrl(option: string, url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed !== undefined && /^rediss?:$/.test(parsed.protocol) && isWhole(parsed)) return url
  throw new TypeError(
    `Expected \`${option}\` to be a URL such as redis://host:6379/0 or rediss://user:password@host (it is not repeated here)`,
  )
}

/** Infuse's `{"infuse":{"HOST","PORT","DATABASE"}}` as a URL; what it leaves out is redis://localhost:6379/15. */
export function cachesUrl(setting: string, text: string): string {
  const { HOST, PORT, DATABASE } = { ...DEFAULT_CACHE, ...cacheOf(setting, text) }
  const url = `redis://${HOST}:${PORT}/${DATABASE}`
  const isGood = isHost(HOST) && isNumber(PORT, HIGHEST_PORT) && isNumber(DATABASE, Number.MAX_SAFE_INTEGER)
  if (isGood && URL.canParse(url)) return url
  throw new TypeError(
    `Expected \`${setting}\` to have under "infuse" a HOST without scheme, a PORT and a DATABASE that are numbers, as ${EXAMPLE}`,
  )
}

function cacheOf(setting: string, text: string): object {
  const isObject = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  let caches: unknown
  try {
    caches = JSON.parse(text)
  } catch {
    throw new TypeError(`Expected \`${setting}\` to be JSON, such as ${EXAMPLE}`)
  }
  const cache = isObject(caches) ? ((caches as { infuse?: unknown }).infuse ?? {}) : undefined
  if (isObject(cache)) return cache
  throw new TypeError(`Expected \`${setting}\` to be an object with another under "infuse", as ${EXAMPLE}`)
}

function isWhole({ hostname, pathname, username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
  } catch {
    return false
  }
  return hostname !== '' && /^\/?\d*$/.test(pathname)
}

/** A name, an IPv4 address, or an IPv6 address in brackets. */
function isHost(value: unknown): boolean {
  return typeof value === 'string' && /^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(value)
}

function isNumber(value: unknown, most: number): boolean {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d+$/.test(text) && Number(text) <= most
}
