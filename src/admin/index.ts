// The face of the operators' API: re-exports only.

export { type AdminHandler, adminHandler } from './handler.ts'
export type { Authorize, Identity } from './identity.ts'
export { nodeListener } from './node.ts'
export type { AdminOptions } from './options.ts'
