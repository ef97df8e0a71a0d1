// npm test: every check there is, the quick ones first, up to the first that fails; with `-- --all`, all of them.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, buildBench, buildDemo, buildTools, dim, green, red, root, run, tool } from './process.mjs'

const reports = join(root, 'reports')
/** @type {{ name: string, version: string }} */
const { name: packageName, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tarball = join('build', `${packageName}-${version}.tgz`)
const tests = { passed: 0, failed: 0, skipped: 0 }

/** @type {readonly { name: string, show?: boolean, run: () => Promise<{ status: number, output: string }> }[]} */
const steps = [
  { name: 'build', run: build },
  { name: 'compile demo', run: buildDemo },
  { name: 'compile scripts', run: buildTools },
  { name: 'compile bench', run: buildBench },
  { name: 'types', run: types },
  { name: 'lint', run: () => tool('oxlint', ['--type-aware', '--deny-warnings']) },
  { name: 'format', run: () => tool('@biomejs/biome', ['format', '--reporter=summary']) },
  { name: 'api report', run: () => run(process.execPath, ['scripts/api.mjs']) },
  { name: 'unused code', run: () => tool('knip', ['--no-progress']) },
  { name: 'tests', show: true, run: () => vitest('vitest.config.ts') },
  { name: 'pack', run: pack },
  { name: 'publint', run: () => tool('publint', [tarball, '--strict']) },
  { name: 'are the types wrong', run: () => tool('@arethetypeswrong/cli', [tarball, '--profile', 'esm-only']) },
  { name: 'installed package', show: true, run: () => vitest('vitest.package.config.ts') },
]

/** The page is for browsers, and examples use the package as it is built: each has types of its own. */
async function types() {
  for (const project of ['.', 'src/admin/page', 'examples']) {
    const checked = await tool('typescript', ['-p', project, '--noEmit'])
    if (checked.status !== 0) return checked
  }
  return { status: 0, output: '' }
}

async function pack() {
  mkdirSync(join(root, 'build'), { recursive: true })
  return run('npm', ['pack', '--ignore-scripts', '--pack-destination', 'build'])
}

/** Vitest prints for itself; what it counted is added up from its JSON report. @param {string} config */
async function vitest(config) {
  const file = join(reports, `${config}.json`)
  rmSync(file, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const result = await tool('vitest', ['run', '--config', config, ...reporters], { show: true })
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number }} */
  const report = JSON.parse(readFileSync(file, 'utf8'))
  tests.passed += report.numPassedTests
  tests.failed += report.numFailedTests
  const skipped = report.numPendingTests + report.numTodoTests
  tests.skipped += skipped
  if (skipped > 0) console.log(red(`${skipped} tests were skipped; a test that cannot run must fail`))
  return { ...result, status: result.status === 0 && skipped > 0 ? 1 : result.status }
}

/** @param {number} since */
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

const start = performance.now()
const broken = []
for (const step of steps) {
  const begun = performance.now()
  if (step.show) console.log(`${dim('----')} ${step.name}`)
  let result
  try {
    result = await step.run()
  } catch (error) {
    result = { status: 1, output: `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` }
  }
  console.log(`${result.status === 0 ? green('ok  ') : red('FAIL')} ${step.name} ${dim(seconds(begun))}`)
  if (result.status === 0) continue
  process.stdout.write(result.output)
  broken.push(step.name)
  if (!process.argv.includes('--all')) break
}

// A check that is no test still counts as one when it fails: the last line must not look like success.
if (broken.length > 0 && tests.failed === 0) tests.failed = 1
const verdict = broken.length === 0 ? green('all checks passed') : red(`failed: ${broken.join(', ')}`)
console.log(`\n${verdict}, ${steps.length} steps, ${seconds(start)}`)
console.log(`${tests.passed} passed, ${tests.failed} failed`)
process.exitCode = broken.length === 0 ? 0 : 1
