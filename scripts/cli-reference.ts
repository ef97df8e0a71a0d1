// The reference of the command line in docs/cli.md, made from what it understands, between two marks.
import { COMMANDS, FLAGS, type Flag, type FlagName, flagsOf } from '../src/cli/usage.ts'

const place = /(<!-- commands -->\n)[\s\S]*?(<!-- end of commands -->)/

/** The page with its reference made anew. */
export function withReference(page: string): string {
  return page.replace(place, (_, start: string, end: string) => `${start}\n${reference()}\n\n${end}`)
}

function reference(): string {
  const shared = flagsOf({ name: '', operands: '', does: '', flags: [], example: '' })
  const commands = COMMANDS.map(({ name, operands, does, flags, example, json }) =>
    [
      `### ${name}`,
      `\`infuse ${[name, operands].join(' ').trim()}\`: ${does}.`,
      `\`\`\`sh\n${example}\n\`\`\``,
      ...(flags.length === 0 ? [] : [table(flags)]),
      ...(json === undefined ? [] : [`\`--json\`: ${json}.`]),
    ].join('\n\n'),
  )
  return [...commands, `### Flags of every command\n\n${table(shared)}`].join('\n\n')
}

function table(flags: readonly FlagName[]): string {
  const rows = flags.map((name) => {
    const { operand, short, does }: Flag = FLAGS[name]
    const spelled = `--${name}${operand === undefined ? '' : ` ${operand}`}`
    return `| \`${spelled}\`${short === undefined ? '' : `, \`-${short}\``} | ${does} |`
  })
  return ['| flag | |', '| --- | --- |', ...rows].join('\n')
}
