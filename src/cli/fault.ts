// How a command ends without having done what was asked: with a sentence and an exit status.

/** 1: it failed. 2: it was not understood. */
export class Fault extends Error {
  readonly status: 1 | 2

  constructor(status: 1 | 2, message: string) {
    super(message)
    this.status = status
  }

  static {
    this.prototype.name = 'Fault'
  }
}

export function misused(message: string): Fault {
  return new Fault(2, message)
}

export function failed(message: string): Fault {
  return new Fault(1, message)
}
