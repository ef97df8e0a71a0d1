// The document in small: find, make, write. Text goes in as text nodes and geometry as attributes; there is no markup
// from a string and no style in an attribute anywhere on this page.

const SVG = 'http://www.w3.org/2000/svg'

/** The element that the page's own HTML has. */
export function find<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E {
  const found = root.querySelector<E>(selector)
  if (found === null) throw new Error(`the page has no ${selector}`)
  return found
}

export function findAll<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E[] {
  return [...root.querySelectorAll<E>(selector)]
}

/** Writes text where it is another; a number and its unit stay on one line. */
export function put(node: Element, text: string): void {
  const held = text.replace(/(\d) (?=(?:%|s|ms|min|h)(?:\W|$))/g, '$1\u00A0')
  if (node.textContent !== held) node.textContent = held
}

/** Sets an attribute where it is another. */
export function set(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

type Attributes = Readonly<Record<string, string | number>>

export function make<N extends keyof HTMLElementTagNameMap>(
  name: N,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[N] {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
  node.append(...children)
  return node
}

export function draw<N extends keyof SVGElementTagNameMap>(
  name: N,
  attributes: Attributes = {},
  text?: string,
): SVGElementTagNameMap[N] {
  const node = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
  if (text !== undefined) node.textContent = text
  return node
}

/** One of the page's symbols; it says nothing to a reader. */
export function icon(id: string): SVGSVGElement {
  const node = draw('svg', { class: 'icon', 'aria-hidden': 'true' })
  node.append(draw('use', { href: `#i-${id}` }))
  return node
}

/** A copy of a template's one element. */
export function copy<E extends Element = HTMLElement>(template: string): E {
  const [first] = find<HTMLTemplateElement>(template).content.children
  if (first === undefined) throw new Error(`${template} is empty`)
  return first.cloneNode(true) as E
}

/** Whether details stand beside the list. */
export function isWide(): boolean {
  return matchMedia('(min-width: 1280px)').matches
}

/** Says it once to a screen reader; countdowns never go here. */
export function say(text: string): void {
  put(find('#say'), text)
}
