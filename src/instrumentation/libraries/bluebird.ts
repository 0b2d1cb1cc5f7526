/**
 * bluebird 3.7 calls all waiting handlers from its own queue, in the context of the code that added the first of
 * them. `util.contextBind` binds each handler to its domain when the handler is registered, so the agent binds it
 * there too.
 */
import type { AnyFunction } from './binder.ts';
import type { Library } from './library.ts';

export const bluebird: Library = {
  name: 'bluebird',
  modules: [
    {
      file: 'js/release/util.js',
      patch(util: object, binder) {
        /** A handler of bluebird's own. bluebird compares other handlers with it, so it must not be wrapped. */
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
