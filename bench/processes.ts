/** Starts child processes, one at a time but for a fleet's, and ends those that take too long. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
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
  commands: [],
  refresh: [],
  peer: [],
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

/** Runs what is given beside so many processes that do the same task until it ends. */
export async function beside<T>(count: number, task: Task, run: () => Promise<T>): Promise<T> {
  const children = Array.from({ length: count }, () =>
    fork(file, [JSON.stringify(task)], { execArgv: [...flags[task.kind]] }),
  )
  try {
    await Promise.all(children.map((child) => Promise.race([once(child, 'message'), ended(child)])))
    return await run()
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

async function ended(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`A process of the fleet ended with ${signal ?? code}`)
}
