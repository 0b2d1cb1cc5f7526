/**
 * The stack as Node writes it, whatever the application has set on `Error`.
 *
 * @param frames how many frames at most
 */
export function stackHere(frames: number): string {
  const own = (['prepareStackTrace', 'stackTraceLimit'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(Error, name)] as const,
  );
  try {
    Object.defineProperty(Error, 'prepareStackTrace', {
      value: undefined,
      configurable: true,
      writable: true,
    });
    Object.defineProperty(Error, 'stackTraceLimit', { value: frames, configurable: true, writable: true });
    return String(new Error().stack);
  } finally {
    for (const [name, descriptor] of own) {
      if (descriptor === undefined) delete Error[name];
      else Object.defineProperty(Error, name, descriptor);
    }
  }
}
