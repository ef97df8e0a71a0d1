// What a person, or their code, can ask of a circuit: from the snapshot it is in to the one it shall be in. A
// process's own circuit and a fleet's carry them out alike.

import { openTime } from './backoff.ts'
import * as machine from './machine.ts'
import type { Origin } from './machine.ts'
import type { Rules } from './options.ts'
import type { Hold, Snapshot } from './snapshot.ts'

/** `now` in ms of the circuit's clock, `wall` in epoch ms. */
export type Command = (at: Snapshot, now: number, wall: number) => Snapshot

export function openCommand(rules: Rules, lastFailure: unknown, origin: Origin = said('open')): Command {
  return (at, now, wall) => {
    const openFor = openTime(rules.resetTimeout, machine.keptRelapses(at), lastFailure)
    return machine.commandedOpen(at, { now, wall, openFor, ...origin })
  }
}

export function halfOpenCommand(origin: Origin = said('halfOpen')): Command {
  return (at, now, wall) => machine.commandedHalfOpen(at, now, wall, origin)
}

export function closeCommand(rules: Rules, origin: Origin = said('close')): Command {
  return (at, now) => machine.commandedClose(now, at.state === 'closed' ? 0 : rules.rampUp, origin)
}

export function forceCommand(hold: Hold): Command {
  return (at, now, wall) => machine.held(at, hold, now, wall)
}

/** Nothing changes where nobody holds the circuit. */
export function releaseCommand(origin: Origin = said('release')): Command {
  return (at, now, wall) => (at.forced === undefined ? at : machine.released(at, now, wall, origin))
}

/** The end of a hold whose time is over. */
export const expireCommand: Command = (at, _, wall) => {
  const { forced } = at
  if (forced === undefined) return at
  const why = `the circuit was held ${forced.state}, and the time of that is over`
  return machine.released(at, forced.until, wall, { why, by: undefined })
}

/** Who calls a command in code does not say why. */
function said(command: string): Origin {
  return { why: `${command}() was called`, by: undefined }
}
