import type { Request } from './request.ts'
import type { World } from './run.ts'
export async function playDemo(_r: Request, _w: World): Promise<void> {}
