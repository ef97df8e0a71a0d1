// Runs the snippets of one page in this process, one after the other, and prints as JSON what each printed or threw.
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { format, inspect } from 'node:util'

/** @type {{ printed: string[], error?: string }[]} */
const results = []
/** @param {unknown} error */
const blame = (error) => {
  const last = results.at(-1)
  if (last !== undefined) last.error ??= inspect(error)
}
console.log = (...args) => results.at(-1)?.printed.push(...format(...args).split('\n'))
process.on('unhandledRejection', blame)

for (const file of process.argv.slice(2)) {
  results.push({ printed: [] })
  await import(pathToFileURL(file).href).catch(blame)
  // What the snippet started without waiting belongs to it too.
  await setImmediate()
}
process.stdout.write(JSON.stringify(results))
