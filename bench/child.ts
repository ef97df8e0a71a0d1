/** One child process: runs one task and sends its result to the parent. */
import { loadInfuse } from './packages.ts'
import { allocated, type Crowd, crowd, type Held, held } from './resources.ts'
import { type RoundsTask, runRounds, type Samples } from './rounds.ts'
import { commandsOfCalls, commandsOfRefresh, peer, type Shared, sharedVariants } from './shared.ts'
import { allVariants, type Variant } from './variants.ts'

export type Task = {
  readonly build: string | undefined
  readonly peersOnly: boolean
  /** The socket of a Redis, where the task wants shared storage. */
  readonly redis?: string | undefined
} & (
  | ({ readonly kind: 'rounds'; readonly variants: readonly string[] | undefined } & RoundsTask)
  | { readonly kind: 'held' | 'allocated' | 'crowd'; readonly variant: string }
  | { readonly kind: 'names' }
  | FleetTask
)

type FleetTask =
  | { readonly kind: 'peer'; readonly still: boolean }
  | { readonly kind: 'commands' }
  | { readonly kind: 'refresh' }

/** What the child sends back for each kind of task. */
export interface Results {
  readonly rounds: Samples
  readonly held: Held
  readonly allocated: number
  readonly crowd: Crowd
  readonly names: readonly Pick<Variant, 'id' | 'label' | 'library' | 'shared'>[]
  readonly commands: Pick<Shared, 'commandsPerCall' | 'calls'>
  readonly refresh: Pick<Shared, 'runsPerSecond' | 'commandsPerSecond'>
  readonly peer: true
}

async function run(task: Task): Promise<Results[Task['kind']]> {
  const { build, redis } = task
  const infuse = task.peersOnly ? undefined : await loadInfuse(build)
  if (task.kind === 'peer' || task.kind === 'commands' || task.kind === 'refresh') {
    if (infuse === undefined || redis === undefined) throw new Error(`No Redis for ${task.kind}`)
    if (task.kind === 'peer') return peer(infuse, build, redis, task.still)
    return task.kind === 'commands' ? commandsOfCalls(infuse, build, redis) : commandsOfRefresh(infuse, build, redis)
  }
  const shared = infuse === undefined || redis === undefined ? [] : await sharedVariants(infuse, build, redis)
  const variants = [...allVariants(infuse), ...shared]
  if (task.kind === 'names') return variants.map(({ id, label, library, shared }) => ({ id, label, library, shared }))
  if (task.kind === 'rounds') {
    return runRounds(
      variants.filter(({ id }) => id === 'bare' || (task.variants?.includes(id) ?? true)),
      task,
    )
  }
  const variant = variants.find(({ id }) => id === task.variant)
  if (variant === undefined) throw new Error(`No variant ${task.variant}`)
  if (task.kind === 'held') return held(variant)
  return task.kind === 'allocated' ? allocated(variant) : crowd(variant)
}

const task = JSON.parse(process.argv[2]!) as Task
const result = await run(task)
// A peer goes on until its parent ends it. Of the others, instances that were dropped on purpose may have left timers behind.
process.send!(result, undefined, undefined, () => task.kind !== 'peer' && process.exit(0))
process.on('disconnect', () => process.exit(0))
