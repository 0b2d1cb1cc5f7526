/**
 * Loads a module of Node's own by `require`, at the time it is needed. An ESM import of `node:http` evaluates the
 * namespace with its lazy getters and loads undici, which takes 57 to 59 ms on Node 24 and 26; `require` takes 1 ms.
 * The published files are CommonJS. The test runner runs the sources as ESM, where there is no `require`.
 */
export function builtin<T>(name: string): T {
  return (typeof require === 'function' ? require(name) : process.getBuiltinModule(name)) as T;
}

/**
 * The class behind `require` (`Module`), with its undocumented members. A member that the caller's type declares as
 * optional may be missing. The file's own `module` is an instance of this class in Node 8 to 26, but not in a bundle.
 * It is preferred because `require('module')` takes a third of a millisecond and loads two more modules of Node's own.
 */
export function moduleClass<T>(): T & Pick<typeof import('node:module'), 'createRequire'> {
  const own: unknown = typeof module === 'object' ? module.constructor : undefined;
  return (typeof own === 'function' && '_cache' in own ? own : builtin('module')) as ReturnType<
    typeof moduleClass<T>
  >;
}
