// Tables of options, made from the comments in the sources, so that editor and page say the same. A page says where one
// stands: `<!-- table: src/core/options.ts RuleOptions -->`, with an end mark below; several interfaces follow each other.

/** One option of an interface. */
export interface Row {
  readonly name: string
  readonly fallback: string
  readonly meaning: string
}

const place = /(<!-- table: (.+?) -->\n)[\s\S]*?(<!-- end of table -->)/g
const member = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^ {2}(?:readonly )?(\w+)\??\s*[:(]/gm

/** The page with each of its tables made anew; `read` gives the text of a source. */
export function withTables(page: string, read: (file: string) => string): string {
  return page.replace(place, (_, start: string, sources: string, end: string) => {
    const rows = sources.split(', ').flatMap((source) => {
      const [file = '', name = ''] = source.split(' ')
      return rowsOf(read(file), name)
    })
    return `${start}\n${table(rows)}\n\n${end}`
  })
}

/** The members of an interface, in order. @throws where it is missing, or a member has no comment or no default. */
export function rowsOf(source: string, name: string): readonly Row[] {
  const [, body] = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ?? []
  if (body === undefined) throw new Error(`No interface ${name}`)
  return [...body.matchAll(member)].flatMap(([, comment = '', option = '']) => {
    const text = comment
      .split('\n')
      .map((line) => line.replace(/^\s*\*? ?/, '').trim())
      .join(' ')
      .trim()
    const [meaning = '', fallback = ''] = text.split('@default').map((part) => part.trim())
    // A member of the other form of a union (`count?: undefined`) is none.
    if (new RegExp(`^ {2}${option}\\?: undefined$`, 'm').test(body)) return []
    if (meaning === '') throw new Error(`No comment on ${name}.${option}`)
    return { name: option, fallback, meaning }
  })
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ name, fallback, meaning }) => [`\`${name}\``, code(fallback), meaning])
  return [['option', 'default', 'meaning'], ['---', '---', '---'], ...cells]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

/** A default that is a value stands as code, one in words as it is. */
function code(fallback: string): string {
  return /^[\w.()[\]'-]+$/.test(fallback) ? `\`${fallback}\`` : fallback
}
