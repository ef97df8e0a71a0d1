// Whose trouble it is. A service whose own dependency's circuit is open answers 503, and may say so in a header: its
// callers then hold nothing against it. Any other status, or a 503 without the header, is its own.

/** The header of such an answer. */
export const DEPENDENCY_HEADER = 'infuse-dependency'

/** Its value. It names nobody: an outward answer must not tell what stands behind a service. */
export const DEPENDENCY_UNAVAILABLE = 'unavailable'

/** Whether an answer says that the trouble is not the answering service's own. */
export function isOthersTrouble(status: number, header: string | null | undefined): boolean {
  return status === 503 && header?.trim().toLowerCase() === DEPENDENCY_UNAVAILABLE
}
