// The page's files, as the build put them beside this module: read once, known by their names, so that no path leads
// anywhere else. Answers carry a tag of their content, so that a browser asks and is told that nothing has changed.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { PAGE } from './reply.ts'

interface Asset {
  readonly body: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly tag: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
}

export class Assets {
  readonly #folder: URL
  #files: Promise<ReadonlyMap<string, Asset>> | undefined

  /** `folder` ends with a slash. */
  constructor(folder: URL = new URL('./page/', import.meta.url)) {
    this.#folder = folder
  }

  /** `undefined`: there is no such file. */
  async answer(file: string, { headers }: Request): Promise<Response | undefined> {
    this.#files ??= load(this.#folder)
    const asset = (await this.#files).get(file)
    if (asset === undefined) return undefined
    const { body, type, tag } = asset
    const known = headers
      .get('if-none-match')
      ?.split(',')
      .some((one) => one.trim().replace(/^W\//, '') === tag)
    const common = { ...PAGE, etag: tag }
    if (known) return new Response(null, { status: 304, headers: common })
    return new Response(body, { headers: { ...common, 'content-type': type, 'content-length': String(body.length) } })
  }
}

async function load(folder: URL): Promise<ReadonlyMap<string, Asset>> {
  const names = await readdir(folder).catch(() => [])
  const known = names.filter((name) => extname(name) in TYPES)
  const files = await Promise.all(known.map(async (name) => [name, await read(folder, name)] as const))
  return new Map(files)
}

async function read(folder: URL, name: string): Promise<Asset> {
  const body = new Uint8Array(await readFile(new URL(encodeURIComponent(name), folder)))
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { body, type: TYPES[extname(name)] ?? '', tag }
}
