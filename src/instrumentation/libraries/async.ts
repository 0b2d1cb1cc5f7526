/**
 * In async 2 and 3, a queue calls its worker with a waiting task when another task has ended, in the context of that
 * other task. The agent records the context for the item that the queue creates for a task. It enters that context
 * after the item was taken out, because the queue calls its worker right after. A cargo takes several items at once:
 * its worker runs in their context if all have the same one, and in no context otherwise.
 */
import type { AnyFunction, Binder } from './binder.ts';
import type { Library } from './library.ts';

interface Item {
  callback?: unknown;
}
/** A list, or a heap if tasks have priorities. */
type Items = Record<string, AnyFunction>;
interface Queue {
  _tasks: Items;
}

const QUEUES = ['queue', 'priorityQueue', 'cargo', 'cargoQueue'];

function wrapQueue(original: AnyFunction, binder: Binder): AnyFunction {
  return binder.imitate(original, function (this: unknown, worker, ...rest) {
    if (typeof worker !== 'function') return Reflect.apply(original, this, [worker, ...rest]);
    const contexts = new WeakMap<object, object | undefined>();
    /** The items that were taken out since the worker was last called. */
    const taken: object[] = [];
    const inContext = function (this: unknown, ...args: unknown[]) {
      const [context, ...others] = taken.splice(0).map((item) => contexts.get(item));
      const isOne = others.every((other) => other === context);
      return binder.run(isOne ? context : undefined, worker as AnyFunction, this, args);
    };
    // async recognises an async function by its tag, and calls it without a callback.
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

/** Calls `added` for each item that is put into the list, and `taken` for each item that is taken out. */
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

/** Patches the functions that create queues, on the exports and on the default export. */
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
