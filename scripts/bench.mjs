// npm run bench: bench/ is a package of its own, since the peers it measures are no dependencies of this one.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build, buildBench, insist, root, run } from './process.mjs'

const lock = join(root, 'bench', 'package-lock.json')
const installed = join(root, 'bench', 'node_modules', '.package-lock.json')
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  insist(await run('npm', ['ci', '--prefix', 'bench']))
}
insist(await build())
insist(await buildBench())
const guards = process.argv.includes('--guards')
const given = process.argv.slice(2).filter((argument) => argument !== '--guards')
const file = `build/bench/${guards ? 'guards' : 'main'}.js`
const { status } = await run(process.execPath, ['--expose-gc', file, ...given], { show: true })
process.exitCode = status
