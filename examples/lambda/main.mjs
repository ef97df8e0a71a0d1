// Every call is a process of its own here, and still the fourth is not sent: three before it have failed.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

let isWell = false
let asked = 0
const server = createServer((_request, response) => {
  asked += 1
  response.writeHead(isWell ? 200 : 503).end('1.08')
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
const folder = mkdtempSync(join(tmpdir(), 'infuse-lambda-'))

/** A cold start; answers the status. */
async function invoke() {
  const file = fileURLToPath(new URL('invoke.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [file, url, join(folder, 'memo.json')])
  return stdout.trim()
}

try {
  for (let call = 1; call <= 4; call++) console.log(`call ${call}: ${await invoke()}`)
  console.log(`rates was asked ${asked} times`)
  isWell = true
  await wait(1_000)
  console.log(`a second later: ${await invoke()}, ${await invoke()}`)
} finally {
  rmSync(folder, { recursive: true })
  server.close()
}
