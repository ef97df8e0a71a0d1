// Writes the reference of the command line into docs/cli.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withReference } from './cli-reference.ts'

// npm runs scripts in the package's folder.
const page = join(process.cwd(), 'docs/cli.md')
const before = readFileSync(page, 'utf8')
const after = withReference(before)
if (after !== before) {
  writeFileSync(page, after)
  console.log('wrote docs/cli.md')
}
