import type { Connection } from './connection.ts'
import type { Request } from './request.ts'
import type { World } from './run.ts'
export async function showDashboard(_r: Request, _c: Connection, _w: World): Promise<void> {}
