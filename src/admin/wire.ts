// The JSON that the admin API and the dashboard's page share: types only, so that either side compiles without the
// other. Times are durations in ms (`retryAfter`, `left`, `ago`), counted from the moment the answer was made; a
// countdown or an age is never the difference of two machines' clocks. Epoch ms appear only as `at` and `…At`, for
// people to read. What a source cannot tell is null, never a guess and never 0.

/** `CircuitState`, said again: this file imports nothing, so that the page compiles by itself. */
export type WireState = 'closed' | 'open' | 'half-open'

/** What an identity may do. */
export type WireRight = 'read' | 'operate'

/** What is the same for every circuit of an answer. Part of every `GET` with JSON, and of each heartbeat. */
export interface WireEnvelope {
  /** When this was made, epoch ms of the handler's clock; every other epoch of the answer is by the same clock. */
  readonly at: number
  /** What the storage keeps its names under, as people write it: `prod:shop`. */
  readonly namespace: string | null
  readonly env: string | null
  readonly service: string | null
  readonly storage: WireStorage
  /** Distinct processes that reported within 3 refreshes; while storage is down, as last known. */
  readonly processes: number | null
  /** What this identity may do. The page offers actions only with `operate` and `allowMutations`. */
  readonly can: readonly WireRight[]
  readonly actor: string
  readonly allowMutations: boolean
  /**
   * What to type in a shell instead, for who cannot act here; `{name}` stands for the circuit:
   * `infuse force {name} open --for 15m --reason "…" --namespace prod:shop`.
   */
  readonly shellCommand: string | null
}

/** The storage as the handler's last read found it. */
export interface WireStorage {
  readonly up: boolean
  /** How long the last read took. */
  readonly ms: number | null
  /** When it last answered, epoch ms; while it is up, now. */
  readonly asOf: number | null
  /** ms since it last answered; 0 while it is up. */
  readonly downFor: number | null
}

/** One circuit: what `GET circuits` lists, `GET circuits/:name` and every `POST` answer, and `circuit` events carry. */
export interface WireCircuit {
  readonly name: string
  /** What holds: a held circuit's state is the state it is held in. */
  readonly state: WireState
  readonly scope: 'local' | 'fleet'
  /**
   * What `explain().counts` says (`failures`, `trialSuccesses`, `windowCalls`, `windowFailures`, `windowSlow`,
   * `fleetFailures` …); absent is unknown.
   */
  readonly counts: Readonly<Record<string, number>>
  /** When it opened, epoch ms; null when it is not open, or nobody knows. */
  readonly openedAt: number | null
  /** ms that it has been in this state or hold. */
  readonly since: number | null
  /**
   * Open: ms until the next trial may go, 0 when it may now, null when only a person can decide. Half-open: ms until
   * the trial's lease ends, null when none is out. Closed: ms until traffic is back in full, else null.
   */
  readonly retryAfter: number | null
  /** The whole of what `retryAfter` is left of, for the ring. */
  readonly period: number | null
  /** What brought it here, in words. For a hold see `forced`. */
  readonly reason: string | null
  /** All of it as one paragraph: `explain().text`, or the like from the record. */
  readonly text: string | null
  readonly forced: WireForced | null
  /** The trip policy in words: `5 failures in a row`. */
  readonly policy: string | null
  readonly thresholds: WireThresholds
  /** What operators changed and nobody has undone yet; null: nothing. */
  readonly overrides: WireOverrides | null
  /** Trials that failed since it opened. */
  readonly relapses: number | null
  /** Verdicts that came too late to count. */
  readonly late: number | null
  /** Processes that reported on this circuit within 3 refreshes. */
  readonly processes: number | null
  /** Scope `local`: where it is open, though the fleet is not. */
  readonly local: WireLocal | null
  /** Which process holds the trial's place, as it calls itself; never a host name. */
  readonly trialBy: string | null
  /** The last 5 minutes over all processes. Absent in a `circuit` event: as before. Null: nobody reports them. */
  readonly steps?: WireSteps | null | undefined
}

/** A state held by a person. */
export interface WireForced {
  readonly state: 'open' | 'closed'
  /** ms until it ends; null: when somebody releases it. */
  readonly left: number | null
  /** The whole length of the hold, ms. */
  readonly period: number | null
  readonly by: string | null
  readonly reason: string | null
}

/** The numbers it goes by now. */
export interface WireThresholds {
  /** Null too where a trip policy stands in its place. */
  readonly failMax: number | null
  /** ms; null too where it is a function. */
  readonly resetTimeout: number | null
  readonly successThreshold: number | null
  readonly trials: number | null
  /** What the code says, where an override stands before it or not. */
  readonly inCode: {
    readonly failMax: number | null
    readonly resetTimeout: number | null
    readonly successThreshold: number | null
  }
}

export interface WireOverrides {
  readonly failMax?: number | undefined
  /** ms. */
  readonly resetTimeout?: number | undefined
  readonly successThreshold?: number | undefined
  /** Who changed it last, and when (epoch ms). */
  readonly by: string | null
  readonly at: number | null
}

export interface WireLocal {
  /** Processes whose own circuit is not closed. */
  readonly open: number | null
  /** Of so many that report on it. */
  readonly of: number | null
  /** Its name where it is one process only. */
  readonly who: string | null
}

/**
 * 60 steps of 5 s, oldest first. The last one is the newest that is complete: a step that is running, or that not all
 * processes have reported yet, is left out, for it would look like a fall in traffic. All columns have 60 places; null
 * in one is a step of which nothing is known (storage was down), 0 is a step without calls. `calls` are those admitted,
 * whatever became of them: successes, failures and ignored ones.
 */
export interface WireSteps {
  /** ms from the end of the last step to when the answer was made. */
  readonly behind: number
  readonly calls: readonly (number | null)[]
  /** Null: nobody counts them; the page takes calls less failures. */
  readonly successes: readonly (number | null)[] | null
  readonly failures: readonly (number | null)[]
  readonly rejected: readonly (number | null)[]
  readonly slow: readonly (number | null)[]
}

/** One entry of the audit: a move of a circuit, or what a person did. */
export interface WireTransition {
  /** Tells it from every other one, and is the same whoever asks: answers and events overlap. */
  readonly id: string
  readonly circuit: string
  /** `moved` is a change of state, by itself or by a person; the others need a person. */
  readonly kind: 'moved' | 'forced' | 'released' | 'updated'
  readonly from: WireState
  readonly to: WireState
  /** Epoch ms, by the same clock as the envelope's `at`. */
  readonly at: number
  /** ms before the answer was made. */
  readonly ago: number
  /** The person; null: the circuit decided by itself. */
  readonly by: string | null
  readonly why: string | null
  /** `updated`: what changed, as people write it (`failMax 5 → 8`). Else null. */
  readonly change: string | null
  /** `forced`: how long for, ms; null without end. */
  readonly for: number | null
  readonly scope: 'local' | 'fleet'
  /** Scope `local`: the process, as it calls itself. */
  readonly process: string | null
}

/** `GET circuits` */
export interface WireCircuits extends WireEnvelope {
  readonly circuits: readonly WireCircuit[]
}

/** `GET circuits/:name`, and what every `POST circuits/:name/…` answers once storage holds the change. */
export interface WireCircuitAnswer extends WireEnvelope {
  readonly circuit: WireCircuit
}

/** `GET transitions?circuit=&limit=`, newest first. */
export interface WireTransitions {
  readonly at: number
  readonly transitions: readonly WireTransition[]
  /** Whether there are older ones: the page asks again with a higher limit. */
  readonly more: boolean
}

/**
 * `GET events`: server-sent events, `event:` names the kind and `data:` is its JSON. A `heartbeat` comes at once and
 * then every second (the page counts as cut off after 3 s without one); `circuit` when a circuit changes, or goes
 * away (`gone`); `transition` as it is written. Plots move on with `GET circuits`, which the page asks every 5 s.
 */
export interface WireEvents {
  readonly circuit: WireCircuitEvent
  readonly transition: WireTransition
  readonly heartbeat: WireEnvelope
}
export type WireCircuitEvent =
  | { readonly at: number; readonly circuit: WireCircuit }
  | { readonly at: number; readonly gone: string }

/** The mutations, as they end an address: `POST circuits/:name/half-open`. */
export type WireAction = 'open' | 'half-open' | 'close' | 'force' | 'release' | 'update'

/** The body of `open`, `half-open`, `close` and `release`; every other body has a reason too. */
export interface WireReason {
  /** 1 to 200 characters after trimming. */
  readonly reason: string
}
export interface WireForce extends WireReason {
  readonly state: 'open' | 'closed'
  /** ms, from 1. Absent: 15 min. */
  readonly for?: number | undefined
}
/** What is absent stays; null undoes the override. At least one is given. */
export interface WireUpdate extends WireReason {
  readonly failMax?: number | null | undefined
  /** ms. */
  readonly resetTimeout?: number | null | undefined
  readonly successThreshold?: number | null | undefined
}

/** The body of every answer with a status from 400. */
export interface WireError {
  readonly statusCode: number
  /** For programs: `unauthenticated`, `forbidden`, `read-only`, `foreign-origin`, `not-found`, `invalid`, `storage-down` … */
  readonly code: string
  /** For people: names no host, secret or query string. */
  readonly message: string
  /** 422: the field that is wrong, where it is one. */
  readonly field?: string | undefined
}
