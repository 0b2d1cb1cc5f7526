/**
 * Binds a task or a callback to the context in which the application passed it to a library. Only the agent's own
 * context is restored: the application's AsyncLocalStorage instances keep the values that the library gives them.
 */
import type { Messages } from '../../messages.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';

/** The agent's contexts as libraries use them. A library may be loaded before there is a context. */
export interface TaskContexts {
  current(): object | undefined;
  apply(context: object | undefined, target: AnyFunction, self: unknown, args: ArrayLike<unknown>): unknown;
  /** Returns what sends and receives messages with a trace; `undefined` if the agent was stopped. */
  messages(): Messages | undefined;
}

export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

export interface Binder {
  /** The context of the code that is running. */
  current(): object | undefined;
  messages: TaskContexts['messages'];
  /** Calls `target` in `context`. */
  run(context: object | undefined, target: AnyFunction, self: unknown, args: ArrayLike<unknown>): unknown;
  /**
   * Returns a function that calls `value` in the current context. A value that is not a function is returned
   * unchanged.
   */
  bind<T>(value: T): T;
  /** Returns a copy of the arguments with the first one bound. */
  bindFirst(args: readonly unknown[]): unknown[];
  /** Returns a copy of the arguments with each function among them bound. */
  bindAll(args: readonly unknown[]): unknown[];
  /**
   * Replaces a method, if the library has it and it was not replaced before. The undo functions that `createBinder`
   * received restore it.
   */
  patch(target: object | undefined, name: string, wrap: (original: AnyFunction) => AnyFunction): void;
  /** Patches methods so that the callbacks and tasks among their arguments are bound. */
  patchHandOver(target: object | undefined, ...names: readonly string[]): void;
  /** Patches a method so that it runs in no context, because its loop outlives the context that started it. */
  patchLoop(target: object | undefined, name: string): void;
  /** Patches methods so that they run in the context that `contexts` holds for their object. */
  patchEntry(
    target: object | undefined,
    names: readonly string[],
    contexts: WeakMap<object, object | undefined>,
  ): void;
  /**
   * Returns a proxy of a function that takes tasks. The proxy has all properties of the function and binds its first
   * argument.
   */
  standIn<T>(limit: T): T;
  /** Gives `replacement` the name, the length and the own properties of `original`. */
  imitate(original: AnyFunction, replacement: AnyFunction): AnyFunction;
}

export function createBinder(contexts: TaskContexts, undos: Undo[]): Binder {
  const patched = new WeakMap<object, Set<string>>();

  const binder: Binder = {
    current: contexts.current,
    messages: contexts.messages,
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
      // Some libraries distinguish kinds of callbacks by their length.
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
    patchLoop(target, name) {
      binder.patch(
        target,
        name,
        (original) =>
          function (this: unknown, ...args) {
            return binder.run(undefined, original, this, args);
          },
      );
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
      // p-limit 2 returns a rejected promise for an invalid argument.
      if (typeof limit !== 'function') return limit;
      return new Proxy(limit, {
        apply: (target, self, args) =>
          Reflect.apply(target as unknown as AnyFunction, self, binder.bindFirst(args)),
      });
    },
    imitate(original, replacement) {
      const properties: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(original);
      // Functions in sloppy mode have these properties.
      for (const name of ['arguments', 'caller', 'prototype']) delete properties[name];
      return Object.defineProperties(replacement, properties);
    },
  };
  return binder;
}
