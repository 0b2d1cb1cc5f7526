/**
 * Records when a request arrived. A run that started before that belongs to the service itself and must not be adopted.
 * Reading the clock costs more than reading a header. So a service that has relayed a thousand requests without an SDK
 * stops reading it until it loads an SDK.
 */
const ENOUGH = 1000;
let requests = 0;
/** When the SDK was loaded, in milliseconds since 1970. It is 0 if the time of each request is known. */
let loaded: number | undefined;

export function noteSDK(): void {
  loaded ??= requests === ENOUGH ? Date.now() : 0;
}

/** The time, in milliseconds since 1970. It is `undefined` if no SDK is loaded, because then there are no runs. */
export function arrivalOfRequest(): number | undefined {
  if (loaded === undefined) {
    if (requests === ENOUGH) return undefined;
    requests++;
  }
  return Date.now();
}

/**
 * Whether a run started after the request arrived. A request whose time is not known counts as if it had arrived when the
 * SDK was loaded.
 *
 * @param start the start of the run, in milliseconds since 1970
 * @param arrival the time at which the request arrived
 */
export function isSinceArrival(start: number, arrival: number | undefined): boolean {
  return start >= (arrival ?? loaded ?? Number.POSITIVE_INFINITY);
}
