// npm run test:matrix: the built package and the tests of the sources on every Node.js line the package promises.
// The binaries are the npm packages node-<platform>-<arch>: plain tarballs, no install script.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, dim, green, insist, red, root, run } from './process.mjs'

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20.19.0', '22.12.0', '24.21.0', '26.10.0']
const smoke = `
  const assert = require('node:assert')
  const required = require('infuse-breaker')
  const { CircuitBreaker, isCircuitBreakerError } = required
  const breaker = new CircuitBreaker({ failMax: 1 })
  breaker.call(() => Promise.reject(new Error('down')))
    .then(() => assert.fail('resolved'), (error) => assert.ok(isCircuitBreakerError(error)))
    .then(() => import('infuse-breaker'))
    .then((imported) => assert.strictEqual(imported.CircuitBreaker, CircuitBreaker))
    .then(() => require('infuse-breaker/testing'))
    .then((testing) => assert.strictEqual(typeof testing.ManualClock, 'function'))`

insist(await build())
const broken = []
for (const version of versions) {
  const node = await binary(version)
  const told = await run(node, ['-p', 'process.version'])
  if (told.output.trim() !== `v${version}`) throw new Error(`${node} says ${told.output.trim()}`)
  const required = await run(node, ['--input-type=commonjs', '-e', smoke])
  if (required.status !== 0) console.log(required.output)
  const tested = await run(node, ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.sources.config.ts'], {
    show: true,
  })
  const good = required.status === 0 && tested.status === 0
  if (!good) broken.push(version)
  console.log(
    `${good ? green('ok  ') : red('FAIL')} Node ${version} ${dim(required.status === 0 ? '' : 'require()')}\n`,
  )
}
console.log(broken.length === 0 ? green('all versions passed') : red(`failed on ${broken.join(', ')}`))
process.exitCode = broken.length === 0 ? 0 : 1

/** @param {string} version */
async function binary(version) {
  const name = `node-${process.platform}-${process.arch}`
  const cache = join(root, 'node_modules', '.cache', 'infuse-node')
  const folder = join(cache, version)
  const node = join(folder, 'bin', 'node')
  if (existsSync(node)) return node
  mkdirSync(cache, { recursive: true })
  insist(await run('npm', ['pack', '--silent', '--pack-destination', cache, `${name}@${version}`]))
  const tarball = join(cache, `${name}-${version}.tgz`)
  insist(await run('tar', ['-xzf', tarball, '-C', cache, 'package/bin/node']))
  renameSync(join(cache, 'package'), folder)
  rmSync(tarball)
  return node
}
