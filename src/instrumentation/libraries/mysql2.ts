/**
 * mysql2 2 and 3 run a command when the connection becomes free and answer it when packets arrive, both in the
 * context of the connection, which is not the caller's. A pool provides a connection in the context of the code that
 * released it. Promises keep their own context without this patch.
 */
import type { Library } from './library.ts';

interface Class {
  prototype: object;
}

/** The context in which each command was submitted. */
const contexts = new WeakMap<object, object | undefined>();

export const mysql2: Library = {
  name: 'mysql2',
  modules: [
    {
      // From 3.12 on, `base` holds the code that promises and callbacks share.
      file: /^lib\/(?:base\/)?connection\.js$/,
      patch({ prototype }: Class, binder) {
        if (!Object.hasOwn(prototype, 'addCommand')) return;
        binder.patch(
          prototype,
          'addCommand',
          (addCommand) =>
            function (this: unknown, command) {
              if (!contexts.has(command as object)) contexts.set(command as object, binder.current());
              return addCommand.call(this, command);
            },
        );
        binder.patchHandOver(prototype, 'connect');
      },
    },
    {
      file: 'lib/commands/command.js',
      patch({ prototype }: Class, binder) {
        binder.patchEntry(prototype, ['execute'], contexts);
      },
    },
    {
      file: /^lib\/(?:base\/)?pool\.js$/,
      patch({ prototype }: Class, binder) {
        if (Object.hasOwn(prototype, 'getConnection')) binder.patchHandOver(prototype, 'getConnection');
      },
    },
  ],
};
