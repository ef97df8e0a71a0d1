// Sharded pushes of a cluster: a channel is served by the node that owns its slot, so there is one connection for each
// node that owns a channel of ours. When one is lost, or a slot has moved, all of them begin anew.

import { slotOf } from './keys.ts'
import type { Ear, Line } from './server.ts'

/** The node that owns a slot. */
export interface Owner {
  /** Tells nodes apart. */
  readonly key: string
  listen(ear: Ear): Promise<Line>
}

/** `ownerOf` gives a slot's master as the client knows it now. */
export function listenToCluster(ownerOf: (slot: number) => Owner | undefined, ear: Ear): Line {
  const lines = new Map<string, Promise<Line>>()
  const owners = new Map<string, string>()

  const lineTo = (owner: Owner): Promise<Line> => {
    const line = lines.get(owner.key) ?? owner.listen(ear)
    lines.set(owner.key, line)
    return line
  }
  return {
    async subscribe(channel) {
      const owner = ownerOf(slotOf(channel))
      if (owner === undefined) throw new Error(`No node of the cluster owns the slot of ${channel}`)
      owners.set(channel, owner.key)
      const line = await lineTo(owner)
      await line.subscribe(channel)
    },
    async unsubscribe(channel) {
      const line = await lines.get(owners.get(channel) ?? '')
      owners.delete(channel)
      await line?.unsubscribe(channel)
    },
    stale: () => [...owners].some(([channel, key]) => ownerOf(slotOf(channel))?.key !== key),
    close() {
      for (const line of lines.values()) {
        line.then(
          (open) => open.close(),
          () => undefined,
        )
      }
    },
  }
}

/** Subscribes sharded where the server can; those before Redis 7 cannot. */
export async function sharded(
  subscribe: () => PromiseLike<unknown>,
  plainly: () => PromiseLike<unknown>,
): Promise<void> {
  try {
    await subscribe()
  } catch (error) {
    if (!(error instanceof Error && /unknown command/i.test(error.message))) throw error
    await plainly()
  }
}
