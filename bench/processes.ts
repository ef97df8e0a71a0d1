/** Starts child processes, one at a time, and ends those that take too long. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Results, Task } from './child.ts'

const file = fileURLToPath(new URL('child.js', import.meta.url))

/** The young generation of `allocated` holds all of a pass, so that nothing is collected while it is counted. */
const flags: Readonly<Record<Task['kind'], readonly string[]>> = {
  rounds: ['--expose-gc'],
  // Code that is no longer used would be dropped between two readings of the heap.
  held: ['--expose-gc', '--no-flush-bytecode'],
  allocated: ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'],
  crowd: [],
  names: [],
}

export function inChild<K extends Task['kind']>(task: Task & { readonly kind: K }): Promise<Results[K]> {
  return new Promise((resolve, reject) => {
    const child = fork(file, [JSON.stringify(task)], { execArgv: [...flags[task.kind]] })
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    let answer: Results[K] | undefined
    child.on('message', (message) => {
      answer = message as Results[K]
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (answer === undefined) reject(new Error(`${JSON.stringify(task)} ended with ${signal ?? code}, no result`))
      else resolve(answer)
    })
  })
}
