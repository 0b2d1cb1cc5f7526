/**
 * bottleneck 2 runs a job when there is capacity, in the context of the job that ended before. `doReceive` is called
 * while the application submits the job, and `doExecute` when it runs or is retried. The builds `es5` and `light` do
 * not export the job class, so their tasks are bound when they are submitted.
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

/**
 * Binds the task of `schedule(task, ...)` and `schedule(options, task, ...)`, and of the same forms of `submit`,
 * which take a callback.
 */
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
