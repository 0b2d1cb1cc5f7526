import { beforeEach } from 'vitest';

/** Skips the tests of the calling suite if there is a reason. The last lines of `npm test` print the reason. */
export function skipAll(reason: string | undefined): void {
  beforeEach((test) => {
    if (reason !== undefined) test.skip(reason);
  });
}
