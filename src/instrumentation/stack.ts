/**
 * The stack as Node writes it, whatever the application has set on `Error`. Where `Error` is frozen
 * (`--frozen-intrinsics`, SES) what is set on it stays: the stack may have fewer frames then.
 *
 * @param frames how many frames at most
 * @returns `''` where only the application's own `prepareStackTrace` could write it
 */
export function stackHere(frames: number): string {
  const own = (['prepareStackTrace', 'stackTraceLimit'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(Error, name)] as const,
  );
  const set = (name: string, value: unknown) =>
    Reflect.defineProperty(Error, name, { value, configurable: true, writable: true });
  try {
    set('stackTraceLimit', frames);
    if (!set('prepareStackTrace', undefined) && Error.prepareStackTrace !== undefined) return '';
    return String(new Error().stack);
  } finally {
    for (const [name, descriptor] of own) {
      if (descriptor === undefined) Reflect.deleteProperty(Error, name);
      else Reflect.defineProperty(Error, name, descriptor);
    }
  }
}
