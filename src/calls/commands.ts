// What a person, or their code, does to a circuit by a breaker: with its rules, on its gate.

import {
  type CommandOptions,
  closeCommand,
  forceCommand,
  halfOpenCommand,
  openCommand,
  originOf,
  releaseCommand,
} from '../core/commands.ts'
import { type ForceOptions, resolveHold } from '../core/force.ts'
import { fromMemo, toMemo } from '../core/memo.ts'
import type { ResetTimeout } from '../core/backoff.ts'
import * as options from '../core/options.ts'
import type { Gate } from './gate.ts'

export function close(gate: Gate, said?: CommandOptions): Promise<void> {
  return gate.command(closeCommand(gate.rules, originOf('close', said)))
}

export function open(gate: Gate, said?: CommandOptions): Promise<void> {
  return gate.command(openCommand(gate.rules, gate.circuit.lastFailure, originOf('open', said)))
}

export function halfOpen(gate: Gate, said?: CommandOptions): Promise<void> {
  return gate.command(halfOpenCommand(originOf('halfOpen', said)))
}

export function force(gate: Gate, state: 'open' | 'closed', hold: ForceOptions): Promise<void> {
  return gate.command(forceCommand(resolveHold(state, hold, gate.settings.clock)))
}

export function release(gate: Gate, said?: CommandOptions): Promise<void> {
  return gate.command(releaseCommand(originOf('release', said)))
}

export function setFailMax(gate: Gate, value: number): void {
  options.setFailMax(gate.rules, value)
  gate.fleet?.followRules()
}

export function setResetTimeout({ rules, circuit }: Gate, value: ResetTimeout): void {
  options.setResetTimeout(rules, value)
  circuit.reopenFor(rules.resetTimeout)
}

export function setSuccessThreshold({ rules }: Gate, value: number): void {
  options.setSuccessThreshold(rules, value)
}

export function snapshot(gate: Gate): string {
  gate.look()
  return toMemo(gate.circuit, gate.settings.clock)
}

export function restore(gate: Gate, json: string): void {
  gate.look()
  fromMemo(json, gate.circuit, gate.settings.clock)
  gate.circuit.tell()
}
