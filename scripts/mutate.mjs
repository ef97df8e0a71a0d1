// npm run mutate: Stryker over src/core, or over the files named after `--`; the figures per file, from its JSON report.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, tool } from './process.mjs'

const files = process.argv.slice(2).join(',')
const { status } = await tool('@stryker-mutator/core', ['run', ...(files === '' ? [] : ['--mutate', files])], {
  show: true,
})
if (status !== 0) process.exit(status)

/** @type {{ files: Record<string, { mutants: { status: string }[] }> }} */
const report = JSON.parse(readFileSync(join(root, 'reports', 'mutation', 'mutation.json'), 'utf8'))
const total = { killed: 0, all: 0 }
for (const [file, { mutants }] of Object.entries(report.files)) {
  const judged = mutants.filter((mutant) => !['Ignored', 'CompileError', 'RuntimeError'].includes(mutant.status))
  const killed = judged.filter((mutant) => ['Killed', 'Timeout'].includes(mutant.status))
  total.killed += killed.length
  total.all += judged.length
  console.log(line(file, killed.length, judged.length))
}
console.log(line('all files', total.killed, total.all))

/** @param {string} name @param {number} killed @param {number} all */
function line(name, killed, all) {
  const share = all === 0 ? 100 : (100 * killed) / all
  return `${share.toFixed(1).padStart(5)} %  ${String(killed).padStart(4)} of ${String(all).padStart(4)} killed  ${name}`
}
