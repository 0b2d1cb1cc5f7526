/**
 * By when its request came, a run is told from one that was made before it: a run of the service's own, which must not
 * become the child of a caller's. To ask the time costs more than to read a header, so a service that has relayed a
 * thousand requests and used no SDK is asked no more, until it uses one.
 */
const ENOUGH = 1000;
let requests = 0;
/** In milliseconds since 1970. */
let firstUse: number | undefined;

/** The SDK looks for its current run, or sets one. */
export function noteUseOfSDK(): void {
  firstUse ??= Date.now();
}

/** The time, in milliseconds since 1970; `undefined` where nobody is there who could make a run. */
export function arrivalOfRequest(): number | undefined {
  if (firstUse === undefined) {
    if (requests === ENOUGH) return undefined;
    requests++;
  }
  return Date.now();
}

/**
 * Whether a run was made while the request was handled, for all that is known.
 *
 * @param start of the run, in milliseconds since 1970
 * @param arrival of the request; what came before the SDK was used counts as if it came then
 */
export function isSinceArrival(start: number, arrival: number | undefined): boolean {
  return start >= (arrival ?? firstUse ?? Number.POSITIVE_INFINITY);
}
