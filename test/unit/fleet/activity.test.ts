import { expect, it } from 'vitest'
import { Activity } from '../../../src/fleet/activity.ts'
import { flush, watch } from '../../support/async.ts'

it('nothing under way is idle at once', async () => {
  await expect(new Activity().idle()).resolves.toBeUndefined()
})

it('it is idle when the last of all has ended, for everybody who waits', async () => {
  const activity = new Activity()
  const [first, second] = [activity.begin(), activity.begin()]
  const waiting = [watch(activity.idle()), watch(activity.idle())]
  first()
  await flush()
  expect(waiting.map(({ settled }) => settled)).toEqual([undefined, undefined])
  second()
  await flush()
  expect(waiting.map(({ settled }) => settled?.ok)).toEqual([true, true])
})

it('an end that is told twice counts once', async () => {
  const activity = new Activity()
  const first = activity.begin()
  activity.begin()
  const waiting = watch(activity.idle())
  first()
  first()
  await flush()
  expect(waiting.settled).toBeUndefined()
})

it('what begins after it was idle is waited for again', async () => {
  const activity = new Activity()
  activity.begin()()
  const end = activity.begin()
  const waiting = watch(activity.idle())
  await flush()
  expect(waiting.settled).toBeUndefined()
  end()
  await flush()
  expect(waiting.settled?.ok).toBe(true)
})
