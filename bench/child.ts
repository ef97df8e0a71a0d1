/** One child process: runs one task and writes its result to the parent. */
import { loadInfuse } from './packages.ts'
import { allocated, type Crowd, crowd, type Held, held } from './resources.ts'
import { type RoundsTask, runRounds, type Samples } from './rounds.ts'
import { allVariants, type Variant } from './variants.ts'

export type Task = { readonly build: string | undefined; readonly peersOnly: boolean } & (
  | ({ readonly kind: 'rounds'; readonly variants: readonly string[] | undefined } & RoundsTask)
  | { readonly kind: 'held' | 'allocated' | 'crowd'; readonly variant: string }
  | { readonly kind: 'names' }
)

/** What the child sends back for each kind of task. */
export interface Results {
  readonly rounds: Samples
  readonly held: Held
  readonly allocated: number
  readonly crowd: Crowd
  readonly names: readonly Pick<Variant, 'id' | 'label' | 'library'>[]
}

async function run(task: Task): Promise<Results[Task['kind']]> {
  const variants = allVariants(task.peersOnly ? undefined : await loadInfuse(task.build))
  if (task.kind === 'names') return variants.map(({ id, label, library }) => ({ id, label, library }))
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

const result = await run(JSON.parse(process.argv[2]!) as Task)
// Instances that were dropped on purpose may have left timers behind.
process.send!(result, undefined, undefined, () => process.exit(0))
