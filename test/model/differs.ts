// Runs a plan. One that differs is made as short as it gets and told step by step.

import { Mismatch, Play } from './play.ts'
import { describeStep } from './steps.ts'
import type { Plan } from './steps.ts'

interface Failure {
  /** The step that differed. */
  readonly at: number
  readonly message: string
}

async function run(plan: Plan): Promise<Failure | undefined> {
  const play = new Play(plan)
  for (const [at, step] of plan.steps.entries()) {
    try {
      await play.step(step)
    } catch (error) {
      return { at, message: error instanceof Mismatch ? error.message : `${(error as Error).stack}` }
    }
  }
  return undefined
}

/** Plays a plan. Answers nothing, or the tale of the shortest run found that still differs. */
export async function differs(plan: Plan): Promise<string | undefined> {
  let failure = await run(plan)
  if (failure === undefined) return undefined
  let steps = plan.steps.slice(0, failure.at + 1)
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = steps.length - size; from >= 0; from -= size) {
      const fewer = [...steps.slice(0, from), ...steps.slice(from + size)]
      const again = await run({ ...plan, steps: fewer })
      if (again === undefined) continue
      failure = again
      steps = fewer.slice(0, again.at + 1)
      from = Math.min(from, steps.length)
    }
  }
  const told = steps.map((step, at) => `  ${at + 1}. ${describeStep(step)}`)
  const { rules, classify, breakers, startsAt, hearing } = plan
  return [
    `after step ${steps.length}: ${failure.message}`,
    `rules ${JSON.stringify(rules, (_, value: unknown) => (value === Infinity ? 'Infinity' : value))}`,
    `classify ${classify}, breakers ${breakers}, listeners hear ${hearing}, the clock starts at ${startsAt}`,
    ...told,
  ].join('\n')
}
