/**
 * bottleneck 2 runs a job when a place is free, in the context of the job that has left it. `doReceive` is called while
 * the job is handed over, and `doExecute` when it runs, also when it is tried again. The builds `es5` and `light` do not
 * export the class of jobs: their tasks are bound where they are handed over.
 */
import type { AnyFunction, Binder } from './binder.ts';
import type { Library } from './library.ts';

interface Class {
  prototype?: object;
  default?: Class;
}

function patchJob(Job: Class, binder: Binder): void {
  const contexts = new WeakMap<object, object | undefined>();
  binder.patch(
    Job.prototype,
    'doReceive',
    (doReceive) =>
      function (this: unknown, ...args) {
        contexts.set(this as object, binder.current());
        return doReceive.apply(this, args);
      },
  );
  binder.patchEntry(Job.prototype, ['doExecute'], contexts);
}

/** `schedule(task, ...)` or `schedule(options, task, ...)`, and the same with a callback for `submit`. */
function patchLimiter(Bottleneck: Class, binder: Binder): void {
  for (const name of ['schedule', 'submit']) {
    binder.patch(
      Bottleneck.prototype,
      name,
      (original) =>
        function (this: unknown, ...args) {
          const task = typeof args[0] === 'function' ? 0 : 1;
          args[task] = binder.bind(args[task]) as AnyFunction;
          return original.apply(this, args);
        },
    );
  }
}

export const bottleneck: Library = {
  name: 'bottleneck',
  modules: [
    { file: 'lib/Job.js', patch: patchJob },
    {
      file: /^(?:es5|light)\.js$/,
      patch: (exports: Class, binder) => patchLimiter(exports.default ?? exports, binder),
    },
  ],
};
