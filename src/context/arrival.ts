/**
 * A run that started before the request arrived belongs to the service itself and must not be adopted. So each remote run
 * keeps its arrival time. To read the clock costs more than to read a header, so a service that has relayed a thousand
 * requests without an SDK reads it no more until it loads one.
 */
const ENOUGH = 1000;
let requests = 0;
/** When the SDK was loaded, in milliseconds since 1970; 0 where the time of each request is known. */
let loaded: number | undefined;

export function noteSDK(): void {
  loaded ??= requests === ENOUGH ? Date.now() : 0;
}

/** The time, in milliseconds since 1970; `undefined` where nobody is there who could make a run. */
export function arrivalOfRequest(): number | undefined {
  if (loaded === undefined) {
    if (requests === ENOUGH) return undefined;
    requests++;
  }
  return Date.now();
}

/**
 * Whether a run was made since the request came, for all that is known: what came before the SDK counts as if it came
 * with it.
 *
 * @param start of the run, in milliseconds since 1970
 * @param arrival of the request
 */
export function isSinceArrival(start: number, arrival: number | undefined): boolean {
  return start >= (arrival ?? loaded ?? Number.POSITIVE_INFINITY);
}
