/**
 * Whether one of the named functions is among the callers. It is needed only for a few functions: they get the same
 * object as all other code, but would send runs by another client than the application chose. Names of methods survive
 * a bundler that shortens names; names of functions do not.
 */
export function isCalledBy(depth: number, ...names: readonly string[]): boolean {
  return hasCaller(callers(depth), names);
}

export function hasCaller(sites: readonly NodeJS.CallSite[], names: readonly string[]): boolean {
  return sites.some((site) => names.includes(site.getFunctionName()?.split('.').at(-1) ?? ''));
}

/**
 * The callers of the function that calls a function of this file, nearest first. They are call sites of V8 instead of a
 * text, because V8 would map a text through source maps (`--enable-source-maps`) or have the application format it.
 *
 * @param depth the most callers to return
 */
export function callers(depth: number): readonly NodeJS.CallSite[] {
  const own = (['prepareStackTrace', 'stackTraceLimit'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(Error, name)] as const,
  );
  const holder: { stack?: unknown } = {};
  try {
    set('prepareStackTrace', (_error: unknown, sites: unknown) => sites);
    set('stackTraceLimit', depth);
    Error.captureStackTrace(holder, callers);
    return Array.isArray(holder.stack) ? holder.stack : [];
  } catch {
    // `Error` is frozen.
    return [];
  } finally {
    for (const [name, descriptor] of own) restore(name, descriptor);
  }
}

type Name = 'prepareStackTrace' | 'stackTraceLimit';

function set(name: Name, value: unknown): void {
  Object.defineProperty(Error, name, { value, configurable: true, writable: true });
}

function restore(name: Name, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) Reflect.deleteProperty(Error, name);
  else Reflect.defineProperty(Error, name, descriptor);
}
