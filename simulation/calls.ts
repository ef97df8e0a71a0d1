// What must hold for each call, in the process that makes it.

import { isCircuitBreakerError } from '../src/index.ts'
import type { Snapshot } from '../src/core/snapshot.ts'
import type { Call, CallWatcher, SimNode } from './node.ts'
import { type PromiseNumber, Violation } from './violation.ts'

interface Rules {
  readonly failMax: number | undefined
  /** ms */
  readonly timeout: number
}

interface Before {
  readonly late: number
  readonly own: Snapshot
  readonly failures: number
  readonly sent: number
  readonly isLate: boolean | undefined
}

interface Seen {
  /** Commands sent. */
  sent: number
  /** Commands sent when the newest call began. */
  sentBefore: number
  /** Calls that are neither let in nor rejected. */
  asking: number
  /** Failures in a row under this snapshot. */
  streak: { own: Snapshot | undefined; failures: number }
  lowest: number
}

export class CallChecks implements CallWatcher {
  readonly #rules: Rules
  readonly #now: () => number
  readonly #fail: (violation: Violation) => void
  readonly #onTrialSuccess: (period: number) => void
  readonly #seen = new Map<SimNode, Seen>()
  readonly #before = new Map<Call, Before>()

  constructor(
    rules: Rules,
    now: () => number,
    onTrialSuccess: (period: number) => void,
    fail: (violation: Violation) => void,
  ) {
    this.#rules = rules
    this.#now = now
    this.#onTrialSuccess = onTrialSuccess
    this.#fail = fail
  }

  /** A process sent a command. */
  sent(node: SimNode): void {
    this.#of(node).sent++
  }

  asks(node: SimNode): void {
    const seen = this.#of(node)
    seen.asking++
    seen.sentBefore = seen.sent
  }

  admitted(node: SimNode, call: Call, waited: number): void {
    const seen = this.#of(node)
    seen.asking--
    this.#waited(node, waited)
    if (waited > 0 || call.trial || call.held) return
    this.#insist(1, seen.sent === seen.sentBefore, () => `${node.name} sent a command to let a call in`)
  }

  rejected(node: SimNode, error: unknown, waited: number): void {
    this.#of(node).asking--
    this.#waited(node, waited)
    this.#insist(11, isCircuitBreakerError(error), () => `${node.name} rejected with ${String(error)}`)
  }

  ending(node: SimNode, call: Call): void {
    const { breaker, fleet } = node
    const isLate = isLateFor(node, call)
    const before = { late: breaker.stats.late, own: fleet.own.snapshot, failures: fleet.own.failures }
    this.#before.set(call, { ...before, sent: this.#of(node).sent, isLate })
    if (call.lease !== undefined && call.answer.ok && !isLate) this.#onTrialSuccess(call.period)
  }

  ended(node: SimNode, call: Call, { ok, value }: { ok: boolean; value: unknown }): void {
    const { answer } = call
    this.#insist(11, ok === answer.ok, () => `${node.name}: a call that ${answer.ok ? 'succeeded' : 'failed'} did not`)
    this.#insist(11, ok || (value instanceof Error && value.message.startsWith('call ')), () => `got ${String(value)}`)
    const before = this.#before.get(call)
    this.#before.delete(call)
    if (before === undefined) return
    this.#late(node, call, before)
    this.#streak(node, call, before)
  }

  /** At every step. */
  step(node: SimNode): void {
    const { asking } = this.#of(node)
    this.#insist(8, asking <= 1, () => `${asking} calls of ${node.name} wait for storage`)
  }

  #late(node: SimNode, call: Call, before: Before): void {
    if (before.isLate === undefined) return
    const counted = node.breaker.stats.late === before.late
    this.#insist(
      2,
      counted !== before.isLate,
      () =>
        `call ${call.number} of ${node.name} ${before.isLate ? 'was late, but counted' : 'counts, but was taken for late'}`,
    )
    if (!before.isLate) return
    const { own } = node.fleet
    const same = own.snapshot === before.own && own.failures === before.failures
    this.#insist(2, same, () => `late call ${call.number} of ${node.name} changed its circuit`)
  }

  #streak(node: SimNode, call: Call, before: Before): void {
    if (call.trial || call.held || call.own !== before.own) return
    if (call.own.state !== 'closed' || call.own.forced !== undefined) return
    const { streak } = this.#of(node)
    if (streak.own !== call.own) Object.assign(streak, { own: call.own, failures: 0 })
    streak.failures = call.answer.ok ? 0 : streak.failures + 1
    if (this.#rules.failMax === undefined || streak.failures < this.#rules.failMax) return
    const { state } = node.breaker
    const held = node.fleet.governs && node.known.forced !== undefined
    this.#insist(
      5,
      state !== 'closed' || held,
      () => `${node.name} is closed after ${streak.failures} failures in a row`,
    )
  }

  #waited(node: SimNode, waited: number): void {
    // A process that stood still meanwhile is not to be blamed.
    if (this.#now() - waited <= node.pausedAt) return
    const most = this.#rules.timeout * 1.03
    this.#insist(8, waited <= most, () => `a call of ${node.name} waited ${waited.toFixed(1)} ms`)
  }

  #of(node: SimNode): Seen {
    let seen = this.#seen.get(node)
    if (seen === undefined) {
      seen = { sent: 0, sentBefore: 0, asking: 0, streak: { own: undefined, failures: 0 }, lowest: 0 }
      this.#seen.set(node, seen)
    }
    return seen
  }

  #insist(promise: PromiseNumber, holds: boolean, what: () => string): void {
    if (!holds) this.#fail(new Violation(promise, what()))
  }
}

/** Whether a verdict that comes now must change nothing; `undefined` where this is not for us to say. */
function isLateFor({ fleet, storage }: SimNode, call: Call): boolean | undefined {
  fleet.look()
  if (call.held) return call.period !== fleet.period
  if (call.lease !== undefined) {
    const { leases } = fleet.view(storage.clock.now())
    const lease = leases.find(({ id }) => id === call.lease)
    return lease === undefined || storage.clock.now() >= lease.until
  }
  if (call.trial) return undefined
  if (fleet.own.snapshot === call.own) return false
  return fleet.governs || call.period !== fleet.period
}
