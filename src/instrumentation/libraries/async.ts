/**
 * async 2 and 3 calls the worker of a queue with a waiting task when another one has ended, in the context of that one.
 * The context is noted with the item that the queue makes of a task, and entered when that item has just been taken out:
 * the queue calls its worker right after. A cargo takes several at once: they run in their context where all have the
 * same, and in none otherwise.
 */
import type { AnyFunction, Binder } from './binder.ts';
import type { Library } from './library.ts';

interface Item {
  callback?: unknown;
}
/** A list, or a heap where tasks have priorities. */
type Items = Record<string, AnyFunction>;
interface Queue {
  _tasks: Items;
}

const QUEUES = ['queue', 'priorityQueue', 'cargo', 'cargoQueue'];

function wrapQueue(original: AnyFunction, binder: Binder): AnyFunction {
  return binder.imitate(original, function (this: unknown, worker, ...rest) {
    if (typeof worker !== 'function') return Reflect.apply(original, this, [worker, ...rest]);
    const contexts = new WeakMap<object, object | undefined>();
    /** The items that were taken out since the worker was called. */
    const taken: object[] = [];
    const inContext = function (this: unknown, ...args: unknown[]) {
      const [context, ...others] = taken.splice(0).map((item) => contexts.get(item));
      const isOne = others.every((other) => other === context);
      return binder.run(isOne ? context : undefined, worker as AnyFunction, this, args);
    };
    // async tells an async function by its tag, and calls it without a callback.
    const tag = (worker as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
    Object.defineProperty(inContext, Symbol.toStringTag, { value: tag });
    const queue = Reflect.apply(original, this, [inContext, ...rest]) as Queue;
    note(
      queue._tasks,
      (item) => {
        contexts.set(item, binder.current());
        item.callback = binder.bind(item.callback);
      },
      (item) => taken.push(item),
    );
    return queue;
  });
}

/** Tells of each item that is put into the list, and of each that is taken out. */
function note(items: Items, added: (item: Item & object) => void, taken: (item: object) => void): void {
  const replace = (name: string, value: AnyFunction) =>
    Object.defineProperty(items, name, { value, configurable: true, writable: true });
  for (const name of ['push', 'unshift', 'insertBefore', 'insertAfter']) {
    const original = items[name];
    if (typeof original !== 'function') continue;
    replace(name, function (this: unknown, ...args) {
      added(args.at(-1) as Item & object);
      return Reflect.apply(original, this, args);
    });
  }
  const { shift } = items as { shift: AnyFunction };
  replace('shift', function (this: unknown) {
    const item = Reflect.apply(shift, this, []);
    if (typeof item === 'object' && item !== null) taken(item);
    return item;
  });
}

/** The functions that make queues, on the exports and on the default one. */
export function patchQueues(exports: Record<string, unknown>, binder: Binder): void {
  for (const face of [exports, exports['default'] as Record<string, unknown> | undefined]) {
    for (const name of QUEUES) binder.patch(face, name, (original) => wrapQueue(original, binder));
  }
}

export const asyncQueues: Library = {
  name: 'async',
  modules: [
    {
      file: /^(?:dist\/async(?:\.min)?|index)\.js$/,
      patch: patchQueues,
    },
    {
      file: new RegExp(`^(?:${QUEUES.join('|')})\\.js$`),
      replaces: true,
      patch: (original: AnyFunction, binder) =>
        typeof original === 'function' ? wrapQueue(original, binder) : undefined,
    },
  ],
};
