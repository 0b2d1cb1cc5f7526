/**
 * Returns the stack in Node's own format, whatever the application has set on `Error`. If `Error` is frozen
 * (`--frozen-intrinsics`, SES), its properties cannot be changed, so the stack may have fewer frames.
 *
 * @param frames the most frames to return
 * @returns `''` if only the application's own `prepareStackTrace` could format it
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
