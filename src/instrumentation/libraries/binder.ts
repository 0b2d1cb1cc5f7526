/**
 * Binds a task or a callback to the context in which it was handed over to a library. Only the agent's own context is
 * restored: the application's AsyncLocalStorages stay as the library has them.
 */
import { patchMethod, type Undo } from '../instrumentation.ts';

/** The agent's contexts, as libraries see them: a library may be loaded before there is any. */
export interface TaskContexts {
  current(): object | undefined;
  apply(context: object | undefined, target: AnyFunction, self: unknown, args: ArrayLike<unknown>): unknown;
}

export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

export interface Binder {
  /** The context of the code that is running. */
  current(): object | undefined;
  /** Calls `target` in `context`. */
  run(context: object | undefined, target: AnyFunction, self: unknown, args: ArrayLike<unknown>): unknown;
  /** A function that calls this one in the context of now; what is no function, as it is. */
  bind<T>(value: T): T;
  /** A copy of the arguments, with the first one bound. */
  bindFirst(args: readonly unknown[]): unknown[];
  /** A copy of the arguments, with each function among them bound. */
  bindAll(args: readonly unknown[]): unknown[];
  /** Replaces a method that the library has, and that was not replaced before. Undone by `stop()`. */
  patch(target: object | undefined, name: string, wrap: (original: AnyFunction) => AnyFunction): void;
  /** Has a method take its callbacks and tasks bound. */
  patchHandOver(target: object | undefined, ...names: readonly string[]): void;
  /** Has a method run in the context that `contexts` has for its object. */
  patchEntry(
    target: object | undefined,
    names: readonly string[],
    contexts: WeakMap<object, object | undefined>,
  ): void;
  /** A stand-in for a function that takes tasks: it has all properties of that function, and binds what it is handed. */
  standIn<T>(limit: T): T;
  /** Makes `replacement` look like `original`: its name, its length and its own properties. */
  imitate(original: AnyFunction, replacement: AnyFunction): AnyFunction;
}

export function createBinder(contexts: TaskContexts, undos: Undo[]): Binder {
  const patched = new WeakMap<object, Set<string>>();

  const binder: Binder = {
    current: contexts.current,
    run(context, target, self, args) {
      return contexts.current() === context
        ? Reflect.apply(target, self, args)
        : contexts.apply(context, target, self, args);
    },
    bind<T>(value: T): T {
      if (typeof value !== 'function') return value;
      const target = value as unknown as AnyFunction;
      const context = contexts.current();
      const bound: AnyFunction = function (this: unknown) {
        // biome-ignore lint/complexity/noArguments: passed on as they came
        return binder.run(context, target, this, arguments);
      };
      // Some libraries tell one kind of callback from another by its length.
      if (target.length > 0) {
        Object.defineProperty(bound, 'length', { value: target.length, configurable: true });
      }
      return bound as unknown as T;
    },
    bindFirst: ([first, ...rest]) => [binder.bind(first), ...rest],
    bindAll: (args) => args.map(binder.bind),
    patch(target, name, wrap) {
      const methods = target as Record<string, AnyFunction> | undefined;
      if (methods === undefined || typeof methods[name] !== 'function') return;
      const names = patched.get(methods) ?? new Set();
      if (names.has(name)) return;
      patched.set(methods, names.add(name));
      const apply = (original: () => AnyFunction): AnyFunction =>
        wrap(function (this: unknown) {
          // biome-ignore lint/complexity/noArguments: passed on as they came
          return Reflect.apply(original(), this, arguments);
        });
      undos.push(patchMethod<Record<string, AnyFunction>, AnyFunction>(methods, name, apply));
    },
    patchHandOver(target, ...names) {
      for (const name of names) {
        binder.patch(
          target,
          name,
          (original) =>
            function (this: unknown, ...args) {
              return Reflect.apply(original, this, binder.bindAll(args));
            },
        );
      }
    },
    patchEntry(target, names, noted) {
      for (const name of names) {
        binder.patch(
          target,
          name,
          (original) =>
            function (this: unknown, ...args) {
              const self = this as object;
              return noted.has(self)
                ? binder.run(noted.get(self), original, self, args)
                : Reflect.apply(original, self, args);
            },
        );
      }
    },
    standIn<T>(limit: T): T {
      // p-limit 2 rejects a bad argument with a promise.
      if (typeof limit !== 'function') return limit;
      return new Proxy(limit, {
        apply: (target, self, args) =>
          Reflect.apply(target as unknown as AnyFunction, self, binder.bindFirst(args)),
      });
    },
    imitate(original, replacement) {
      const properties: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(original);
      // Of a function in sloppy mode.
      for (const name of ['arguments', 'caller', 'prototype']) delete properties[name];
      return Object.defineProperties(replacement, properties);
    },
  };
  return binder;
}
