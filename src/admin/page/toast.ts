// After an act: what is true now, in one line, for a while.

import { find, put } from './dom.ts'

const STAYS = 8_000
let timer: ReturnType<typeof setTimeout> | undefined

export function toast(text: string): void {
  const node = find('#toast')
  node.hidden = false
  put(find('span', node), text)
  clearTimeout(timer)
  timer = setTimeout(() => (node.hidden = true), STAYS)
}
