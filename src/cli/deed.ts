// What a command is.

import type { Connection } from './connection.ts'
import type { World } from './world.ts'

/** What a command does once there is a storage. Making one throws where the request is not understood. */
export type Deed = (connection: Connection, world: World) => Promise<void>
