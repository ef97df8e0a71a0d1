#!/usr/bin/env node
// infuse: the operator's command line.

import { run } from './run.ts'
import { terminalOn } from './terminal.ts'
import { Warnings } from './warnings.ts'

const end = new AbortController()
const { env, stdout, stderr } = process
// Whoever asks a second time does not want to wait for a good end.
const stop = (): void => (end.signal.aborted ? process.exit(1) : end.abort())
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
// Whoever read it has gone (`infuse watch | head`), which is no fault; a disk that is full is one.
stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') process.exit(1)
  end.abort()
})
stderr.on('error', () => end.abort())

// What a storage waits for keeps no process alive; that somebody waits here does.
const alive = setInterval(() => undefined, 60_000)
const warnings = Warnings.listen()
process.exitCode = await run(process.argv.slice(2), {
  out: terminalOn(stdout, env),
  err: terminalOn(stderr, env),
  env,
  end: end.signal,
  warnings,
})
clearInterval(alive)
// What was broken off may have left something that waits.
if (end.signal.aborted) process.exit()
