/**
 * redis 3 calls callbacks in the context of the connection, which is not the caller's. redis 4 and later has only
 * promises, and no method of this name.
 */
import type { Library } from './library.ts';

interface Redis {
  RedisClient?: { prototype: object };
}

export const redis: Library = {
  name: 'redis',
  modules: [
    {
      file: 'index.js',
      patch({ RedisClient }: Redis, binder) {
        binder.patch(
          RedisClient?.prototype,
          'internal_send_command',
          (send) =>
            function (this: unknown, command) {
              const sent = command as { callback?: unknown };
              sent.callback = binder.bind(sent.callback);
              return send.call(this, command);
            },
        );
      },
    },
  ],
};
