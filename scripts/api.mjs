// The public API as text, one file in api/ per entry of `exports`. `npm run api` writes them; `npm test` fails when they differ.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { build, insist, root } from './process.mjs'

const write = process.argv.includes('--write')
if (write) insist(await build())

/** @type {{ exports: Record<string, string | { types: string }> }} */
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const scratch = mkdtempSync(join(tmpdir(), 'infuse-api-'))
cpSync(join(root, 'api'), scratch, { recursive: true })

for (const [entry, target] of Object.entries(exports)) {
  if (typeof target === 'string') continue
  const name = entry === '.' ? 'index' : entry.slice(2)
  const config = ExtractorConfig.prepare({
    configObjectFullPath: join(root, 'api-extractor.json'),
    packageJsonFullPath: join(root, 'package.json'),
    configObject: {
      ...ExtractorConfig.loadFile(join(root, 'api-extractor.json')),
      mainEntryPointFilePath: join(root, target.types),
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(root, 'api'),
        reportTempFolder: scratch,
      },
    },
  })
  const result = Extractor.invoke(config, { localBuild: write, showVerboseMessages: false })
  if (!result.succeeded) {
    if (result.apiReportChanged) console.error(`api/${name}.api.md differs from the sources; run \`npm run api\``)
    process.exitCode = 1
  }
}
rmSync(scratch, { recursive: true })
