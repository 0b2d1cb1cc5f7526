/**
 * mysql2 2 and 3 runs a command as the connection becomes free and answers it as packets come, in the context of the
 * connection, which has none of its own. A pool hands out a connection in the context of who has given it back. Promises
 * are in their own context without this.
 */
import type { Library } from './library.ts';

interface Class {
  prototype: object;
}

/** Commands, by where they were handed over. */
const contexts = new WeakMap<object, object | undefined>();

export const mysql2: Library = {
  name: 'mysql2',
  modules: [
    {
      // `base` from 3.12 on: what the promises have in common with the callbacks.
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
