import type { Undo } from '../instrumentation/instrumentation.ts';
import type { SeenClients } from './clients.ts';

/**
 * Waits for runs at the end of the process. `beforeExit` comes when nothing else is to be done, and the exit code is
 * what the application has set. SIGTERM ends a process that does not listen for it: it does so again after the wait,
 * with the same signal. Where the application listens for it, the end is the application's own.
 */
export function flushAtEnd(clients: SeenClients): Undo {
  let isEnding = false;

  function onBeforeExit(): void {
    if (clients.isDirty()) void clients.flush();
  }

  async function onSigterm(): Promise<void> {
    if (isEnding) return;
    if (process.listenerCount('SIGTERM') > 1) {
      // signal-exit ends the process only if it finds no listener but its own.
      process.removeListener('SIGTERM', onSigterm);
      await clients.flush();
      return;
    }
    isEnding = true;
    await clients.flush();
    process.removeListener('SIGTERM', onSigterm);
    process.kill(process.pid, 'SIGTERM');
  }

  process.on('beforeExit', onBeforeExit);
  // Called before the application's own.
  process.prependListener('SIGTERM', onSigterm);
  return () => {
    process.removeListener('beforeExit', onBeforeExit);
    process.removeListener('SIGTERM', onSigterm);
  };
}
