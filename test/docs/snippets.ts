/**
 * Reads the code of a page. Every `ts` and `js` block is a module of its own; `<!-- continues -->` above one appends it
 * to the block before, `<!-- not run: reason -->` leaves it out. A comment `// => text` is a line the block prints.
 */

export interface Snippet {
  /** Where it begins; line numbers of the module are those of the page. */
  readonly line: number
  readonly extension: 'ts' | 'js'
  readonly code: string
  readonly prints: readonly string[]
  /** Why it is not run, where it is not. */
  readonly notRun: string | undefined
}

const marker = /^<!--\s*(continues|not run:\s*(.+?))\s*-->$/
const opening = /^(`{3,})(\w*)\s*$/
const misnamed = ['typescript', 'javascript', 'mts', 'mjs', 'cjs', 'tsx', 'jsx']

/** @throws for a block whose language is spelt another way, and for `continues` with nothing before it. */
export function snippetsOf(page: string): readonly Snippet[] {
  const lines = page.split('\n')
  const snippets: Snippet[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, fence = '', language = ''] = opening.exec(lines[at] ?? '') ?? []
    if (fence === '') continue
    const end = lines.indexOf(fence, at + 1)
    if (end < 0) throw new Error(`line ${at + 1}: a block without end`)
    if (misnamed.includes(language)) throw new Error(`line ${at + 1}: write ts or js, not ${language}`)
    if (language === 'ts' || language === 'js') add(snippets, lines, at + 1, end, language)
    at = end
  }
  return snippets
}

function add(snippets: Snippet[], lines: readonly string[], start: number, end: number, extension: 'ts' | 'js'): void {
  const [, mark, reason] = marker.exec(markAbove(lines, start - 1)) ?? []
  const body = lines.slice(start, end)
  const prints = body.flatMap((line) => /\/\/ => (.*)$/.exec(line)?.[1]?.trimEnd() ?? [])
  if (mark !== 'continues') {
    const code = `${'\n'.repeat(start)}${body.join('\n')}\n`
    snippets.push({ line: start, extension, code, prints, notRun: reason })
    return
  }
  const before = snippets.pop()
  if (before === undefined || before.notRun !== undefined) throw new Error(`line ${start}: nothing to continue`)
  const gap = '\n'.repeat(start - before.code.split('\n').length + 1)
  const code = `${before.code}${gap}${body.join('\n')}\n`
  snippets.push({ ...before, code, prints: [...before.prints, ...prints] })
}

function markAbove(lines: readonly string[], fence: number): string {
  const above = lines.slice(0, fence).findLast((line) => line.trim() !== '')
  return above?.trim() ?? ''
}
