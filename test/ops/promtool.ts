// Runs promtool, which Debian's package `prometheus` brings; the test run sees to it that it is there.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @returns what it said; a status other than 0 is an error that says it too. */
export function promtool(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('promtool', args, (error, out, err) => {
      if (error === null) resolve(`${out}${err}`)
      else reject(new Error(`promtool ${args.join(' ')}: ${error.message}\n${out}${err}`))
    })
  })
}

/** Whether Prometheus understands each query. */
export async function checkQueries(queries: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'infuse-ops-'))
  try {
    const file = join(folder, 'queries.yml')
    // JSON is YAML, too.
    const rules = queries.map((expr, at) => ({ record: `query:${at}`, expr }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))
    return await promtool('check', 'rules', file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
