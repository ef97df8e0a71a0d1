// The page of the command line: its reference is made from what the program understands.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withReference } from '../../scripts/cli-reference.ts'
import { parseRequest } from '../../src/cli/request.ts'
import { COMMANDS, FLAGS } from '../../src/cli/usage.ts'
import { root } from '../support/processes.ts'

const page = readFileSync(join(root, 'docs/cli.md'), 'utf8')

describe('docs/cli.md', () => {
  it('has the commands and flags that there are (else run `npm run docs`)', () => {
    expect(page).toBe(withReference(page))
    for (const { name } of COMMANDS) expect(page).toContain(`\n### ${name}\n`)
    for (const flag of Object.keys(FLAGS)) expect(page).toContain(`\`--${flag}`)
  })

  it('has examples that are understood, one of each command', () => {
    for (const { name, example } of COMMANDS) {
      const [command = ''] = example.split('|')
      const words = [...command.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word)
      expect(words[0]).toBe('infuse')
      expect(parseRequest(words.slice(1)).command?.name).toBe(name)
    }
  })
})
