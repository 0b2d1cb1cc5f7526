/**
 * Node's own modules, by `require` and only when they are needed. An ESM import of `node:http` evaluates the
 * namespace with its lazy getters and loads undici: 57 to 59 ms on Node 24 and 26, where `require` takes 1.
 * The published files are CommonJS; the test-runner runs the sources as ESM, where there is no `require`.
 */
export function builtin<T>(name: string): T {
  return (typeof require === 'function' ? require(name) : process.getBuiltinModule(name)) as T;
}
