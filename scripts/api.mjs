// The public API as text, one file in api/ per entry of `exports`. `npm run api` writes them; `npm test` fails when they differ.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { build, insist, root, run } from './process.mjs'

const write = process.argv.includes('--write')
if (write) insist(await build())

/** @type {{ exports: Record<string, string | { types: string }> }} */
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const scratch = mkdtempSync(join(tmpdir(), 'infuse-api-'))

for (const [entry, target] of Object.entries(exports)) {
  if (typeof target === 'string') continue
  const name = entry === '.' ? 'index' : entry.slice(2)
  const report = join(root, 'api', `${name}.api.md`)
  const configObject = ExtractorConfig.loadFile(join(root, 'api-extractor.json'))
  configObject.mainEntryPointFilePath = join(root, target.types)
  configObject.apiReport = {
    enabled: true,
    reportFileName: name,
    reportFolder: join(root, 'api'),
    reportTempFolder: scratch,
  }
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: join(root, 'api-extractor.json'),
    packageJsonFullPath: join(root, 'package.json'),
  })
  const result = Extractor.invoke(config, { localBuild: write })
  if (result.succeeded) continue
  process.exitCode = 1
  if (write || !result.apiReportChanged) continue
  const { output } = await run('git', ['diff', '--no-index', report, join(scratch, `${name}.api.md`)])
  console.error(`${output}\napi/${name}.api.md differs from the sources; run \`npm run api\` and read what it changed`)
}
rmSync(scratch, { recursive: true })
