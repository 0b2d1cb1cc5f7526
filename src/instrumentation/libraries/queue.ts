/**
 * queue 5 to 7 starts a waiting job when another job has ended, in the context of that other job. The jobs themselves
 * are not wrapped, because the queue passes them to its event listeners. Instead the queue is started in the context
 * of the next job.
 */
import type { AnyFunction, Binder } from './binder.ts';
import type { Library } from './library.ts';

interface Queue {
  readonly prototype?: object;
  readonly default?: Queue;
}

/** The context of each job. A job that is queued twice, from two contexts, runs in no context. */
const contexts = new WeakMap<object, object | undefined>();

function note(job: unknown, context: object | undefined): void {
  if (typeof job !== 'function') return;
  contexts.set(job, contexts.has(job) && contexts.get(job) !== context ? undefined : context);
}

function patch(prototype: object | undefined, binder: Binder): void {
  for (const name of ['push', 'unshift', 'splice']) {
    binder.patch(
      prototype,
      name,
      (original) =>
        function (this: unknown, ...args) {
          for (const job of args) note(job, binder.current());
          return Reflect.apply(original, this, args);
        },
    );
  }
  // queue 7 runs jobs in `_start`, and its `start` only begins.
  const name = prototype !== undefined && '_start' in prototype ? '_start' : 'start';
  binder.patch(
    prototype,
    name,
    (original: AnyFunction) =>
      function (this: unknown, ...args) {
        const job = (this as { jobs?: unknown[] }).jobs?.[0];
        return typeof job === 'function' && contexts.has(job)
          ? binder.run(contexts.get(job), original, this, args)
          : Reflect.apply(original, this, args);
      },
  );
}

export const queue: Library = {
  name: 'queue',
  modules: [
    {
      file: 'index.js',
      patch: (exports: Queue, binder) => patch((exports.default ?? exports).prototype, binder),
    },
  ],
};
