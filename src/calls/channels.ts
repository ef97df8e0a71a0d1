// The process-wide channels of node:diagnostics_channel, for tools that watch every breaker without being handed one.
// Nothing is built or sent while nobody subscribes.

import { type Channel, channel } from 'node:diagnostics_channel'

/** Messages `{ breaker, from, to, change }`. */
export const transitionChannel: Channel = channel('infuse:transition')

/** Messages `{ breaker, error }`. */
export const rejectedChannel: Channel = channel('infuse:rejected')
