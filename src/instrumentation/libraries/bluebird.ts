/**
 * bluebird 3.7 calls all handlers that wait from one queue of its own, in the context of whoever has filled it first.
 * `util.contextBind` is where it binds each handler to its domain, as it is handed over.
 */
import type { AnyFunction } from './binder.ts';
import type { Library } from './library.ts';

export const bluebird: Library = {
  name: 'bluebird',
  modules: [
    {
      file: 'js/release/util.js',
      patch(util: object, binder) {
        /** bluebird compares handlers with this one, of its own. */
        let reflectHandler: unknown;
        binder.patch(
          util,
          'setReflectHandler',
          (setReflectHandler) =>
            function (this: unknown, handler) {
              reflectHandler = handler;
              return setReflectHandler.call(this, handler);
            },
        );
        binder.patch(
          util,
          'contextBind',
          (contextBind) =>
            function (this: unknown, context, handler) {
              const bound = contextBind.call(this, context, handler) as AnyFunction;
              return handler === reflectHandler ? bound : binder.bind(bound);
            },
        );
      },
    },
  ],
};
