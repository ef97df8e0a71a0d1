// Writes the tables of options in docs/ from the comments in the sources.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withTables } from './tables.ts'

// npm runs scripts in the package's folder.
const root = process.cwd()
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

for (const file of readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.md')) continue
  const page = join('docs', file)
  const before = read(page)
  const after = withTables(before, read)
  if (after === before) continue
  writeFileSync(join(root, page), after)
  console.log(`wrote ${page}`)
}
