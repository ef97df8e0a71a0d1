// The dashboard: puts the parts together. One timer a second, one drawing for all that changed at once, and the
// address' hash keeps which circuit is selected.

import { Ask } from './ask.ts'
import { Banner } from './banner.ts'
import { PageClock } from './clock.ts'
import { followPointer } from './crosshair.ts'
import { edgeOf } from './bands.ts'
import { Detail } from './detail.ts'
import { find, isWide, put, say } from './dom.ts'
import { Filter } from './filter.ts'
import { listenToKeys } from './keys.ts'
import { Connection } from './link.ts'
import { List } from './list.ts'
import type { RowManner } from './row.ts'
import { Store } from './store.ts'
import { Timeline } from './timeline.ts'
import { Top } from './top.ts'
import type { WireAction } from '../wire.ts'

const store = new Store(new PageClock(() => performance.now()))
const connection = new Connection(store)
const filter = new Filter(() => list.filter())
const list = new List(filter, () => store.changed())
const detail = new Detail(store)
const timeline = new Timeline(store, () => connection.readMore())
const top = new Top(store)
const banner = new Banner(store, () => connection.retry())
const ask = new Ask(store, focusRow)
let begun = false

function manner(): RowManner {
  const { envelope, link, clock } = store
  const asOf = envelope === undefined || envelope.storage.up ? undefined : (envelope.storage.asOf ?? envelope.at)
  return { now: clock.now(), asOf, lost: link.state === 'lost', wallAt: (moment) => clock.wallAt(moment) ?? 0 }
}

function paint(): void {
  const views = store.views()
  const how = manner()
  if (!begun && store.envelope !== undefined) begin(views[0]?.name, views[0]?.kind === 'closed')
  const selected = views.find(({ name }) => name === store.selected)
  const empty = store.envelope !== undefined && views.length === 0
  find('.board').hidden = views.length === 0
  find('#empty').hidden = !empty
  if (empty) paintEmpty()
  top.paint(views)
  filter.paint(views)
  list.paint(views, selected?.name, how)
  detail.paint(selected, how)
  timeline.paint()
  tick()
}

/** The first answer: the hash's circuit, else where details have room the one that is worst. */
function begin(first: string | undefined, allClosed: boolean): void {
  begun = true
  const wanted = hashName()
  if (wanted !== undefined && store.view(wanted) !== undefined) select(wanted, true)
  else if (first !== undefined && !allClosed && isWide()) select(first, false)
}

function tick(): void {
  const how = manner()
  banner.paint(how.now)
  // What was seen last stays as it was.
  if (store.link.state === 'off') return
  top.tick(how.now)
  list.tick(how)
  detail.tick(how)
}

/** `show`: because somebody asked for it, so it goes into the address and over the list where it has to. */
function select(name: string, show: boolean): void {
  const view = store.view(name)
  if (view === undefined) return
  if (store.selected !== name) void connection.readTransitionsOf(name)
  store.select(name)
  if (!show) return
  history.replaceState(null, '', `#${encodeURIComponent(name)}`)
  detail.show()
  say(`${name}: ${view.seen.wire.text ?? view.reason}`)
}

function hideDetail(): void {
  focusRow()
  detail.hide()
  if (!isWide()) return
  store.select(undefined)
  history.replaceState(null, '', location.pathname + location.search)
}

/** Where the hands were: the selected circuit's row. */
function focusRow(): void {
  if (store.selected !== undefined) list.link(store.selected)?.focus()
}

function hashName(): string | undefined {
  try {
    const name = decodeURIComponent(location.hash.slice(1))
    return name === '' ? undefined : name
  } catch {
    // A hash that somebody cut.
    return undefined
  }
}

function step(by: number): void {
  const names = list.names()
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['name'] : undefined
  const at = names.indexOf(focused ?? store.selected ?? '')
  const name = names[Math.max(0, Math.min(names.length - 1, at + by))]
  if (name === undefined) return
  select(name, false)
  const link = list.link(name)
  link?.focus()
  link?.scrollIntoView({ block: 'nearest' })
}

function paintEmpty(): void {
  const namespace = store.envelope?.namespace ?? null
  find('#empty-reads').hidden = namespace === null
  find('#empty-check').hidden = namespace === null
  put(find('#empty-reads code'), namespace ?? '')
  put(find('#empty-check code'), `infuse list --namespace ${namespace ?? ''}`)
}

document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey) return
  const link = event.target.closest<HTMLElement>('.row-link, .lead a')
  if (link !== null) {
    event.preventDefault()
    select(link.dataset['name'] ?? '', true)
    if (detail.isOver) detail.focus()
    return
  }
  const action = event.target.closest<HTMLElement>('.act')?.dataset['act']
  if (action !== undefined) ask.ask(action as WireAction)
  if (event.target.closest('.d-close') !== null) hideDetail()
})
addEventListener('hashchange', () => {
  const name = hashName()
  if (name !== undefined) select(name, true)
})
listenToKeys({
  step,
  enter(name) {
    select(name, true)
    detail.focus()
  },
  escape() {
    if (document.activeElement !== filter.input) return hideDetail()
    filter.clear()
    filter.input.blur()
  },
  findByName: () => filter.input.focus(),
  toggleKind: (place) => filter.toggle(place),
  toTimeline() {
    const panel = find('#timeline')
    panel.scrollIntoView({ block: 'start' })
    panel.focus({ preventScroll: true })
  },
  ask: (action) => ask.ask(action),
})
followPointer(() => {
  const [first] = store.names
  const seen = first === undefined ? undefined : store.view(first)?.seen
  return seen === undefined ? undefined : store.clock.wallAt(edgeOf(seen))
})
store.onChange(paint)
setInterval(() => {
  connection.tick(store.clock.now())
  tick()
}, 1_000)
void connection.start()
