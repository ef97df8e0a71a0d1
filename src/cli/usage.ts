// What the command line understands: its commands and flags in one place, from which the help and docs/cli.md are made.

/** A command: what stands behind its name, and what it does. */
export interface Command {
  readonly name: string
  readonly operands: string
  readonly does: string
  /** Flags of its own; the common ones go with every command but `demo`. */
  readonly flags: readonly FlagName[]
  readonly example: string
  /** What `--json` writes. */
  readonly json?: string
}

export interface Flag {
  readonly operand?: string
  readonly short?: string
  readonly does: string
}

export type FlagName =
  | 'redis'
  | 'host-socket'
  | 'namespace'
  | 'json'
  | 'reason'
  | 'by'
  | 'for'
  | 'fail-max'
  | 'reset-timeout'
  | 'success-threshold'
  | 'limit'
  | 'port'
  | 'help'
  | 'version'

export const FLAGS: Readonly<Record<FlagName, Flag>> = {
  redis: { operand: 'URL', does: 'the Redis that circuits are shared through; else INFUSE_REDIS_URL' },
  'host-socket': {
    operand: 'PATH',
    does: 'the socket that processes of this machine share through; without a Redis, the default one',
  },
  namespace: {
    operand: 'TEXT',
    does: 'as given to RedisStorage or HostStorage, or the environment that an application has',
  },
  json: { does: 'JSON instead of text' },
  reason: { operand: 'TEXT', does: 'why; asked for on a terminal' },
  by: { operand: 'NAME', does: 'who; else the name you are logged in by' },
  for: { operand: 'TIME', does: 'how long to hold: 90s, 30m, 2h; 15m where left out' },
  'fail-max': { operand: 'N', does: 'failures in a row that open it; "none" undoes' },
  'reset-timeout': { operand: 'TIME', does: 'how long it stays open; "none" undoes' },
  'success-threshold': { operand: 'N', does: 'trial successes that close it; "none" undoes' },
  limit: { operand: 'N', does: 'so many at most; 50 where left out' },
  port: { operand: 'N', does: 'the port to listen on; a free one where left out' },
  help: { short: 'h', does: 'this text' },
  version: { does: 'the version' },
}

const COMMON: readonly FlagName[] = ['redis', 'host-socket', 'namespace', 'json', 'help', 'version']
const ACT: readonly FlagName[] = ['reason', 'by']
const CIRCUIT = 'the circuit, as it is then'

export const COMMANDS: readonly Command[] = [
  {
    name: 'list',
    operands: '',
    does: 'all circuits, the sick ones first',
    flags: [],
    example: 'infuse list --redis redis://localhost:6379 --namespace prod:shop',
    json: 'a list of circuits',
  },
  {
    name: 'show',
    operands: 'NAME',
    does: 'one circuit: state, counts, thresholds, holds',
    flags: [],
    example: 'infuse show payments',
    json: 'the circuit, with `steps`',
  },
  {
    name: 'watch',
    operands: '',
    does: 'the list, live, and every change as it comes; Ctrl-C ends',
    flags: [],
    example: 'infuse watch --json | tee changes.jsonl',
    json: 'an entry of the history per line, from now on',
  },
  {
    name: 'history',
    operands: '[NAME]',
    does: 'who and what changed circuits, the newest first',
    flags: ['limit'],
    example: 'infuse history payments --limit 10',
    json: 'a list of entries',
  },
  {
    name: 'explain',
    operands: 'NAME',
    does: 'why it is as it is, as a paragraph',
    flags: [],
    example: 'infuse explain payments',
    json: '`{ name, text }`',
  },
  {
    name: 'open',
    operands: 'NAME',
    does: 'reject calls now, until a trial succeeds',
    flags: ACT,
    example: 'infuse open payments --reason "the database is being moved"',
    json: CIRCUIT,
  },
  {
    name: 'half-open',
    operands: 'NAME',
    does: 'let the next call be a trial',
    flags: ACT,
    example: 'infuse half-open payments --reason "they say that it works again"',
    json: CIRCUIT,
  },
  {
    name: 'close',
    operands: 'NAME',
    does: 'let calls pass now',
    flags: ACT,
    example: 'infuse close payments --reason "it was our certificate"',
    json: CIRCUIT,
  },
  {
    name: 'force',
    operands: 'NAME open|closed',
    does: 'hold it so, whatever calls come to',
    flags: ['for', ...ACT],
    example: 'infuse force payments open --for 30m --reason "their maintenance"',
    json: CIRCUIT,
  },
  {
    name: 'release',
    operands: 'NAME',
    does: 'end a hold',
    flags: ACT,
    example: 'infuse release payments --reason "they are done"',
    json: CIRCUIT,
  },
  {
    name: 'update',
    operands: 'NAME',
    does: 'change thresholds in all processes until undone',
    flags: ['fail-max', 'reset-timeout', 'success-threshold', ...ACT],
    example: 'infuse update payments --fail-max 9 --reset-timeout none --reason "a slow week"',
    json: CIRCUIT,
  },
  {
    name: 'dashboard',
    operands: '',
    does: 'the page, on this machine, for whoever has its address; Ctrl-C ends',
    flags: ['port', 'by'],
    example: 'infuse dashboard --port 8000',
    json: '`{ url }`, once it listens',
  },
  {
    name: 'demo',
    operands: '',
    does: 'three processes, a service that falls ill, and the page; Ctrl-C ends',
    flags: ['port'],
    example: 'infuse demo',
  },
]

/** All flags that a command takes, its own first. */
export function flagsOf({ name, flags }: Command): readonly FlagName[] {
  return [...flags, ...(name === 'demo' ? COMMON.slice(-2) : COMMON)]
}

/** The whole help, or that of one command. */
export function helpOf(command?: Command): string {
  if (command !== undefined) {
    const { name, operands, does, example } = command
    const title = `infuse ${[name, operands].join(' ').trim()}`
    return `${title}\n  ${does}\n\n  ${example}\n\n${flagLines(flagsOf(command))}\n`
  }
  const commands = COMMANDS.map(({ name, operands, does }) => row([name, operands].join(' '), does))
  return [
    'infuse: circuits that a fleet shares, seen and handled from a shell.',
    '',
    'infuse COMMAND [flags]',
    '',
    ...commands,
    '',
    flagLines(COMMON),
    '',
    'A name that begins with - stands at the end, behind --: infuse show -- -odd',
    'Exit status: 0 done, 1 failed, 2 not understood. `infuse COMMAND --help` says more.',
    '',
  ].join('\n')
}

function flagLines(names: readonly FlagName[]): string {
  return names
    .map((name) => {
      const { operand, short, does }: Flag = FLAGS[name]
      return row(
        `${short === undefined ? '' : `-${short}, `}--${name}${operand === undefined ? '' : ` ${operand}`}`,
        does,
      )
    })
    .join('\n')
}

const COLUMN = 26

function row(what: string, does: string): string {
  return `  ${what.padEnd(COLUMN)}  ${does}`
}
