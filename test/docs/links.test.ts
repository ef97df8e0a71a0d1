// Links between pages, and from pages to files and headings, lead somewhere.
import { existsSync, statSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, readPage, root } from './pages.ts'

const all = [...pages, 'CONTRIBUTING.md']

describe('the links of', () => {
  it.each(all)('%s lead to files and headings that are there', (page) => {
    expect(linksOf(page).filter((link) => !leads(page, link))).toEqual([])
  })

  it.each(pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md'))(
    '%s: an index leads to it',
    (page) => {
      const index = page.startsWith('docs/decisions/') ? 'docs/decisions/README.md' : 'docs/README.md'
      if (page === index) return
      const targets = linksOf(index).map((link) => posix.join(posix.dirname(index), link.split('#')[0] ?? ''))
      expect(targets).toContain(page)
    },
  )
})

/** Relative links and pictures, code left out. */
function linksOf(page: string): string[] {
  const prose = readPage(page)
    .replace(/^(`{3,})[\s\S]*?^\1$/gm, '')
    .replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => (/^[a-z]+:/.test(link) ? [] : [link]))
}

function leads(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#')
  const file = path === '' ? join(root, page) : join(root, dirname(page), path)
  if (!existsSync(file)) return false
  if (heading === undefined) return true
  if (statSync(file).isDirectory()) return false
  return headingsOf(readPage(relative(root, file))).includes(heading)
}

/** As GitHub names them. */
function headingsOf(page: string): string[] {
  return [...page.replace(/^(`{3,})[\s\S]*?^\1$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
