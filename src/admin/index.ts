// The face of the operators' API: re-exports only.

export { type BearerToken, bearer } from './bearer.ts'
export { type AdminHandler, adminHandler } from './handler.ts'
export type { Authorize, Identity } from './identity.ts'
export { nodeListener } from './node.ts'
export type { AdminOptions } from './options.ts'
export { type Dashboard, type DashboardOptions, serveDashboard } from './standalone.ts'
