/**
 * Node's own modules, by `require` and only when they are needed. An ESM import of `node:http` evaluates the
 * namespace with its lazy getters and loads undici: 57 to 59 ms on Node 24 and 26, where `require` takes 1.
 * The published files are CommonJS; the test-runner runs the sources as ESM, where there is no `require`.
 */
export function builtin<T>(name: string): T {
  return (typeof require === 'function' ? require(name) : process.getBuiltinModule(name)) as T;
}

/**
 * The class behind `require`, with the members that nobody has documented: what the caller names of them as optional
 * may be missing. A file's own `module` is one of it (Node 8 to 26; in a bundle it is not), and `require('module')`
 * takes a third of a millisecond and two modules of Node's own.
 */
export function moduleClass<T>(): T & Pick<typeof import('node:module'), 'createRequire'> {
  const own: unknown = typeof module === 'object' ? module.constructor : undefined;
  return (typeof own === 'function' && '_cache' in own ? own : builtin('module')) as ReturnType<
    typeof moduleClass<T>
  >;
}
