// One shared instant: the pointer over any row draws the same moment through every plot, so that who failed first is
// seen and not computed.

import { SPAN_MS } from './counts.ts'
import { find, put } from './dom.ts'
import { timeOfDay } from './format.ts'

/** `edge` gives epoch ms of the plots' right edge. */
export function followPointer(edge: () => number | undefined): void {
  const panel = find('#circuits')
  const axis = find('.axis', panel)
  const label = find('.axis-at', axis)
  panel.addEventListener('pointermove', ({ clientX, target }) => {
    const plot = axis.getBoundingClientRect()
    const share = (clientX - plot.left) / plot.width
    const over = target instanceof Element && target.closest('.row') !== null
    const on = over && plot.width > 0 && share >= 0 && share <= 1
    panel.classList.toggle('crossed', on)
    if (!on) return
    panel.style.setProperty('--x', share.toFixed(4))
    const right = edge()
    if (right !== undefined) put(label, timeOfDay(right - (1 - share) * SPAN_MS))
  })
  panel.addEventListener('pointerleave', () => panel.classList.remove('crossed'))
}
