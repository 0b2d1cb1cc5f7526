import { beforeEach } from 'vitest';

/** Skips the tests of the suite that calls this where there is a reason, which the last lines of `npm test` print. */
export function skipAll(reason: string | undefined): void {
  beforeEach((test) => {
    if (reason !== undefined) test.skip(reason);
  });
}
