// The JSON of a request: refused by its type before it is read, and by its size before it is kept.

import { Refusal } from './refusal.ts'

const MOST_BYTES = 16_384
const JSON_TYPE = /^application\/json[\t ]*(?:;|$)/i

/** @throws Refusal */
export async function readJson(request: Request): Promise<unknown> {
  const { headers } = request
  if (!JSON_TYPE.test(headers.get('content-type') ?? '') || headers.has('content-encoding')) throw notJson()
  if (Number(headers.get('content-length') ?? 0) > MOST_BYTES) throw tooLarge()
  const text = await readText(request.body)
  try {
    return JSON.parse(text)
  } catch {
    // The parser's words quote the body.
    throw notJson()
  }
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > MOST_BYTES) {
      reader.cancel().catch(() => undefined)
      throw tooLarge()
    }
    text += decoder.decode(value, { stream: true })
  }
}

function notJson(): Refusal {
  const headers = { 'accept-post': 'application/json' }
  return new Refusal(415, 'not-json', 'The body must be JSON, and say so in its Content-Type.', { headers })
}

function tooLarge(): Refusal {
  return new Refusal(413, 'too-large', `The body may have ${MOST_BYTES} bytes.`)
}
