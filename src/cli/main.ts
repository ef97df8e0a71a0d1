#!/usr/bin/env node
// infuse: the operator's command line.

import { run } from './run.ts'
import { terminalOn } from './terminal.ts'

const end = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => end.abort())
// Whoever read it has gone: `infuse watch | head`.
process.stdout.on('error', () => process.exit(0))

const { env, stdout, stderr } = process
process.exitCode = await run(process.argv.slice(2), {
  out: terminalOn(stdout, env),
  err: terminalOn(stderr, env),
  env,
  end: end.signal,
})
