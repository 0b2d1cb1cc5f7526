/**
 * fastq 1 calls its worker with a waiting value when the worker has finished with another value, in the context of
 * that other value. The agent queues the context together with the value, in a box that only fastq sees.
 */
import type { AnyFunction, Binder } from './binder.ts';
import type { Library } from './library.ts';

interface Queue {
  push: AnyFunction;
  unshift: AnyFunction;
  getQueue: () => unknown[];
  error: AnyFunction;
}

class Box {
  readonly value: unknown;
  readonly context: object | undefined;
  constructor(value: unknown, context: object | undefined) {
    this.value = value;
    this.context = context;
  }
}

function wrap(original: AnyFunction, binder: Binder): AnyFunction {
  return function (this: unknown, ...given) {
    // The first argument, the `this` of the worker, is optional.
    const hasSelf = typeof given[0] !== 'function';
    const [self, worker, ...rest] = hasSelf ? given : [null, ...given];
    if (typeof worker !== 'function') return Reflect.apply(original, this, given);
    const inContext = function (this: unknown, box: Box, ...more: unknown[]) {
      return binder.run(box.context, worker as AnyFunction, this, [box.value, ...more]);
    };
    const queue = Reflect.apply(original, this, [self, inContext, ...rest]) as Queue;
    const { push, unshift, getQueue, error } = queue;
    for (const [name, insert] of [
      ['push', push],
      ['unshift', unshift],
    ] as const) {
      queue[name] = binder.imitate(insert, (value, done) =>
        insert(new Box(value, binder.current()), binder.bind(done)),
      );
    }
    queue.getQueue = binder.imitate(getQueue, () =>
      getQueue().map((box) => (box as Box).value),
    ) as Queue['getQueue'];
    queue.error = binder.imitate(error, (handler) =>
      error(
        typeof handler === 'function' ? (failure: unknown, box: Box) => handler(failure, box.value) : handler,
      ),
    );
    return queue;
  };
}

export const fastq: Library = {
  name: 'fastq',
  modules: [
    {
      file: 'queue.js',
      replaces: true,
      patch(original: AnyFunction & { promise?: AnyFunction }, binder) {
        const replacement = binder.imitate(original, wrap(original, binder)) as typeof original;
        if (original.promise !== undefined) {
          replacement.promise = binder.imitate(original.promise, wrap(original.promise, binder));
        }
        return replacement;
      },
    },
  ],
};
