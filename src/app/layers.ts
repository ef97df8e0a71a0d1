// What several installations put over one thing of the process, one over the other. Whoever goes first leaves its layer
// where it is until those above it are gone; then everything is as it was.

interface Layer<T extends object> {
  readonly below: T
  readonly restore: (below: T) => void
  active: boolean
}

const LAYERS = new WeakMap<object, Layer<object>>()

/**
 * Notes that `over` now stands where `below` stood. The answer takes it away, as soon as nothing stands over it.
 * @param current What stands there now.
 * @param restore Puts back what stood there before the lowest layer that goes.
 */
export function layer<T extends object>(below: T, over: T, current: () => T, restore: (below: T) => void): () => void {
  const own: Layer<T> = { below, restore, active: true }
  LAYERS.set(over, own as unknown as Layer<object>)
  return () => {
    own.active = false
    let top = current()
    for (let found = layerOf<T>(top); found !== undefined && !found.active; found = layerOf<T>(top)) {
      top = found.below
      found.restore(top)
    }
  }
}

function layerOf<T extends object>(thing: T): Layer<T> | undefined {
  return LAYERS.get(thing) as unknown as Layer<T> | undefined
}
