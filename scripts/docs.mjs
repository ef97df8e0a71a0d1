// npm run docs: runs each scripts/docs-*.ts, which write the generated parts of the documentation.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build, buildTools, insist, root, run } from './process.mjs'

insist(await build())
insist(await buildTools())
for (const file of readdirSync(join(root, 'scripts')).toSorted()) {
  if (!/^docs-.*\.ts$/.test(file)) continue
  const script = join('build', 'scripts', file.replace(/\.ts$/, '.js'))
  const { status } = await run(process.execPath, [script, ...process.argv.slice(2)], { show: true })
  if (status !== 0) process.exit(status)
}
