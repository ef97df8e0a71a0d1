import { ended } from './ending.ts'
import type { Request } from './request.ts'
import type { Deed } from './run.ts'
export function showDashboard(_request: Request): Deed {
  return async (_connection, { end }) => ended(end)
}
